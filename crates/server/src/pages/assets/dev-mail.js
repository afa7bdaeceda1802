// Shows new mails as they arrive, and times as people read them.
"use strict";

(() => {
  for (const time of document.querySelectorAll("time")) {
    time.textContent = new Date(time.dateTime).toLocaleString();
  }

  const newest = document.body.dataset.newest;
  const wanted = location.pathname === "/dev/mail" ? location.search : "";
  const look = async () => {
    try {
      const response = await fetch("/dev/mail/messages" + wanted);
      const mails = await response.json();
      const id = mails.length > 0 ? mails[0].id : "";
      if (id !== newest) location.reload();
    } catch {
      // The server is being restarted; the next look will find it.
    }
  };
  setInterval(look, 2000);
})();
