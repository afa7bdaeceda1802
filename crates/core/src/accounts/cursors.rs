use data_encoding::BASE64URL_NOPAD;

use super::Accounts;
use crate::keys::Sealed;
use crate::page::Place;
use crate::store::Store;

impl<S: Store> Accounts<S> {
    /// A place in a list as text, for whoever turns its pages. It is sealed by the key ring and bound to `context`: whose
    /// it is, which list it belongs to, and what was asked of that.
    pub fn cursor<P: Place>(&self, context: &[u8], place: &P) -> String {
        let sealed = self.keys().seal(context, &place.to_bytes(), self.entropy());
        BASE64URL_NOPAD.encode(sealed.as_bytes())
    }

    /// The place that such a text names; `None` for one of another context, and for what is none.
    pub fn place<P: Place>(&self, context: &[u8], cursor: &str) -> Option<P> {
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
        let place = self.keys().open(context, &Sealed::from_bytes(bytes))?;
        P::from_bytes(place.expose())
    }
}
