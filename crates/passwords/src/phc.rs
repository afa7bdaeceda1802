use data_encoding::BASE64_NOPAD;

/// The fields of a PHC string: `$id[$v=version]$name=value,...$salt$digest`.
pub(crate) struct Phc<'a> {
    pub(crate) id: &'a str,
    pub(crate) version: Option<u32>,
    pub(crate) salt: &'a str,
    pub(crate) digest: &'a str,
    params: &'a str,
}

impl<'a> Phc<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.strip_prefix('$')?.split('$');
        let id = fields.next()?;
        let mut params = fields.next()?;
        let version = match params.strip_prefix("v=") {
            Some(version) => {
                params = fields.next()?;
                Some(number(version)?)
            }
            None => None,
        };
        let (salt, digest) = (fields.next()?, fields.next()?);
        fields.next().is_none().then_some(Self { id, version, salt, digest, params })
    }

    /// The parameters without names, as some formats write them.
    pub(crate) const fn params(&self) -> &'a str {
        self.params
    }

    /// The value of a parameter that stands there exactly once.
    pub(crate) fn param(&self, name: &str) -> Option<&'a str> {
        let mut values =
            self.params.split(',').filter_map(|param| param.strip_prefix(name)?.strip_prefix('='));
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.param(name).and_then(number)
    }

    /// Whether all parameters have one of these names.
    pub(crate) fn has_only(&self, names: &[&str]) -> bool {
        self.params
            .split(',')
            .all(|param| param.split_once('=').is_some_and(|(name, _)| names.contains(&name)))
    }
}

/// A decimal number without sign or leading zero.
pub(crate) fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Base64 in the standard alphabet; padding may stand there, and passlib's `.` for `+`.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').replace('.', "+");
    BASE64_NOPAD.decode(text.as_bytes()).ok()
}
