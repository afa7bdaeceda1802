// Takes the code of a mailed link. Nothing happens until the button is pressed: mail scanners open links
// too. The code stands in the fragment, which no server sees, and leaves the address bar at once.
"use strict";

(() => {
  const element = (id) => document.getElementById(id);
  const form = element("confirm");
  const button = element("button");

  const show = (title, text, action) => {
    document.title = title;
    element("title").textContent = title;
    element("text").textContent = text;
    form.hidden = !action;
    if (action) button.textContent = action;
  };

  const purpose = new URLSearchParams(location.search).get("purpose");
  const code = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);

  // Written there by the application in which the sign-up or login began.
  const state = () => {
    try {
      return localStorage.getItem("durward.state");
    } catch {
      return null;
    }
  };

  const send = (path, body) =>
    fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });

  // Hands the answer to the application if it is open in another tab; nothing is kept here.
  const hand = (answer) => {
    if (!("BroadcastChannel" in window)) return;
    const channel = new BroadcastChannel("durward");
    channel.postMessage(answer);
    channel.close();
  };

  const answerFlow = async () => {
    const response = await send("v1/authn/code", { idType: "code", idValue: code, state: state() });
    if (!response.ok) return response;
    const answer = await response.json();
    hand(answer);
    try {
      localStorage.removeItem("durward.state");
    } catch {
      // Without storage there was nothing to remove.
    }
    if (answer.t === "session") {
      show("You are signed in", "You can close this page and go on in the application.");
    } else {
      show("One more step", "Go back to the application: it asks for one more proof.");
    }
    return response;
  };

  // Whoever signed up here shows it by the state, and goes on as before. For anybody else it is the address of a stranger's
  // account until now, so nothing of that account is kept.
  let shown = state();

  const stranger = () =>
    show(
      "Confirm your address",
      "This browser did not claim the address. If the account is yours, go back to the application and type the code of the mail there. If you press the button, everybody is signed out of it, its password no longer counts, and you sign in by a mail to you.",
      "Confirm address",
    );

  const verifyAddress = async () => {
    const response = await send("v1/emails/verify", shown ? { code, state: shown } : { code });
    if (response.ok) {
      show("Address confirmed", "Thank you. You can close this page.");
    } else if (response.status === 401 && shown) {
      shown = null;
      stranger();
      return { ok: true };
    }
    return response;
  };

  const restoreAccount = async () => {
    const response = await send("v1/users/restore", { code });
    if (response.ok) show("Account restored", "Your account is back. Sign in as usual.");
    return response;
  };

  const resetPassword = async () => {
    const response = await send("v1/passwords/reset/confirm", {
      idType: "code",
      idValue: code,
      state: state(),
      password: element("password").value,
      passwordConf: element("repeated").value,
    });
    if (response.ok) {
      try {
        localStorage.removeItem("durward.state");
      } catch {
        // Without storage there was nothing to remove.
      }
      element("passwords").hidden = true;
      show("Password changed", "You are signed out everywhere. Sign in with the new password.");
    }
    return response;
  };

  // Whoever objects to a change, or is asked to reset a password, may finish what follows in this browser.
  const remember = () => {
    try {
      if (localStorage.getItem("durward.state")) return;
      const bytes = crypto.getRandomValues(new Uint8Array(32));
      const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      localStorage.setItem("durward.state", text);
    } catch {
      // Without storage the mail is followed in the application.
    }
  };

  const object = (path, title) => async () => {
    const response = await send(path, { code });
    if (response.ok) {
      remember();
      show(title, "Everybody was signed out of your account. Look into your mailbox: a mail says how to get back in.");
    }
    return response;
  };

  const explain = async (response) => {
    if (response.ok) return;
    if (response.status === 422 && action === resetPassword) {
      const { obstructions } = await response.json();
      const texts = obstructions.map((it) => (it.code === "PASSWORDS_DIFFER" ? "Both must be the same." : it.text));
      show("Choose another password", texts.join(" "), "Set password");
    } else if (response.status === 429 || response.status === 503) {
      show("Please wait", "There is too much to do just now. Try again in a moment.", "Try again");
    } else {
      show(
        "This did not work",
        "The code may be used up, too old, or meant for another browser. Ask for a new mail where you began.",
      );
    }
  };

  const begin = () => {
    if (!/^dw_cd_[0-9A-Za-z]{49}$/.test(code)) {
      show("The link is incomplete", "Open the link of the mail again, or type its 8-character code where you began.");
    } else if (purpose === "verify-email") {
      if (shown) show("Confirm your address", "Press the button to confirm that this address is yours.", "Confirm address");
      else stranger();
      return verifyAddress;
    } else if (purpose === "add-email") {
      // It takes a session of the account, and this page has none.
      show("Go back to where you added it", "Where you are signed in, type the 8-character code of the mail. If you added no address to an account, there is nothing to do.");
    } else if (purpose === "restore-account") {
      show("Restore your account", "Press the button to take the deletion back.", "Restore account");
      return restoreAccount;
    } else if (purpose === "report-notice") {
      show("This was not you?", "Press the button to sign everybody out of your account and to get a mail that lets you back in.", "This was not me");
      return object("v1/notices/report", "Thank you");
    } else if (purpose === "revert-email") {
      show("Take the change back?", "Press the button to give this address its place in your account back, and to sign everybody out.", "Take it back");
      return object("v1/emails/revert", "Taken back");
    } else if (!["sign-up", "login", "reset-password"].includes(purpose)) {
      show("The link is incomplete", "Type the 8-character code of the mail where you began.");
    } else if (purpose === "reset-password") {
      // It may have been begun by nobody; the server knows, and takes any state then.
      remember();
      element("passwords").hidden = false;
      show("Choose a new password", "All your sessions will end.", "Set password");
      return resetPassword;
    } else if (!state()) {
      show("Go back to where you began", "This browser did not begin the sign-in, so the link cannot finish it. Type the 8-character code of the mail in the application instead.");
    } else if (purpose === "sign-up") {
      show("Finish signing up", "Press the button to confirm your address and sign in.", "Finish signing up");
      return answerFlow;
    } else {
      show("Sign in", "Press the button to sign in.", "Sign in");
      return answerFlow;
    }
    return null;
  };

  const action = begin();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!action) return;
    button.disabled = true;
    try {
      await explain(await action());
    } catch {
      show("No connection", "The server cannot be reached. Try again in a moment.", "Try again");
    } finally {
      button.disabled = false;
    }
  });
})();
