// Accepts an invitation. Nothing happens until a button is pressed. The code stands in the fragment, which no
// server sees, and leaves the address bar at once; tokens are kept nowhere but in this page.
"use strict";

(() => {
  const element = (id) => document.getElementById(id);
  const forms = ["new", "known", "proof", "choose"].map(element);

  const show = (title, text, form) => {
    document.title = title;
    element("title").textContent = title;
    element("text").textContent = text;
    for (const other of forms) other.hidden = other !== form;
    if (form) form.querySelector("input:not([value])")?.focus();
  };

  const code = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);

  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const state = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  let step = null;

  const send = async (path, body, token) => {
    const headers = { "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    const response = await fetch(path, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, body: text ? JSON.parse(text) : null };
  };

  // Hands the session to the application if it is open in another tab.
  const hand = (answer) => {
    if (!("BroadcastChannel" in window)) return;
    const channel = new BroadcastChannel("durward");
    channel.postMessage(answer);
    channel.close();
  };

  const joined = (answer) => {
    hand(answer);
    show("Welcome", "You are a member now. You can close this page and go on in the application.");
  };

  const over = "The invitation was used, taken back, or is too old. Ask for a new one.";

  const explain = ({ status, body }, form) => {
    const codes = (body?.obstructions ?? []).map((it) => it.code);
    if (codes.includes("ACCOUNT_EXISTS")) {
      element("known-email").value = element("new-email").value;
      show("Sign in", "This address has an account. Sign in to accept the invitation.", element("known"));
    } else if (codes.includes("INVITATION_NOT_OPEN")) {
      show("This did not work", over);
    } else if (status === 422) {
      const texts = body.obstructions.map((it) => (it.code === "PASSWORDS_DIFFER" ? "Both passwords must be the same." : it.text));
      show("Please correct this", texts.join(" "), form);
    } else if (body?.code === "INVITATION_FOR_ANOTHER_USER") {
      show("For somebody else", "The invitation went to another address than yours. Sign in with the one that was invited.", element("known"));
    } else if (status === 429 || status === 503) {
      show("Please wait", "There is too much to do just now. Try again in a moment.", form);
    } else if (status === 401) {
      show("This did not work", "Address, password or code are not right. Try again.", form === element("proof") && step?.step === "code" ? form : element("known"));
    } else if (body?.code === "SIGN_UP_CLOSED") {
      show("Sign in", "Nobody can sign up here. Sign in to accept the invitation.", element("known"));
    } else {
      show("This did not work", "Try again in a moment.", form);
    }
  };

  const accept = async (session) => {
    const answer = await send("v1/invitations/accept", { code }, session.token);
    if (answer.ok) joined(session);
    else explain(answer, element("known"));
  };

  const proceed = (answer, form) => {
    if (!answer.ok) return explain(answer, form);
    if (answer.body.t === "session") return accept(answer.body);
    step = answer.body;
    if (step.step === "newPassword") {
      return show("Choose a new password", "Others may know the one that you have. Choose another one to go on.", element("choose"));
    }
    const mailed = step.step === "code";
    element("proof-label").textContent = mailed ? "The 8-character code of the mail" : "The code of your authenticator app";
    element("proof-secret").value = "";
    show("One more step", mailed ? "If the address has an account, a code was mailed to it." : "Your account asks for a second proof.", element("proof"));
    return null;
  };

  const actions = {
    async new(form) {
      const { email, name, password, repeated } = form.elements;
      const body = { name: name.value, email: email.value, state, invitation: code };
      if (password.value || repeated.value) {
        body.password = password.value;
        body.passwordConf = repeated.value;
      }
      const answer = await send("v1/users", body);
      if (answer.ok) joined(answer.body);
      else explain(answer, form);
    },
    async known(form) {
      const { email, password } = form.elements;
      const who = { idType: "email", idValue: email.value, state };
      const answer = password.value
        ? await send("v1/authn/password", { ...who, secret: password.value })
        : await send("v1/authn/email", who);
      await proceed(answer, form);
    },
    async proof(form) {
      const secret = form.elements.secret.value;
      const path = step.step === "code" ? "v1/authn/code" : "v1/authn/totp";
      const answer = await send(path, { idType: "code", idValue: step.code, secret, state });
      await proceed(answer, form);
    },
    async choose(form) {
      const { password, repeated } = form.elements;
      const body = { idType: "code", idValue: step.code, state, password: password.value, passwordConf: repeated.value };
      await proceed(await send("v1/authn/new-password", body), form);
    },
  };

  for (const form of forms) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button[type=submit]");
      button.disabled = true;
      try {
        await actions[form.id](form);
      } catch {
        show("No connection", "The server cannot be reached. Try again in a moment.", form);
      } finally {
        button.disabled = false;
      }
    });
  }
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => {
      const known = button.dataset.show === "known";
      show(known ? "Sign in" : "You are invited", known ? "Sign in to accept the invitation." : "Sign up to accept the invitation.", element(button.dataset.show));
    });
  }

  if (/^dw_iv_[0-9A-Za-z]{49}$/.test(code)) {
    show("You are invited", "Sign up to accept the invitation, or sign in if you have an account.", element("new"));
  } else {
    show("The link is incomplete", "Open the link of the mail again.");
  }
})();
