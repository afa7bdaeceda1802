#!/usr/bin/python3
"""A mail server for the tours: takes every mail by SMTP into a Maildir, and shows the mails as a development server does.

    scripts/mail-server.py FOLDER

Its first line says where it is reached: {"smtp": URL, "messages": URL}. It ends with its standard input. The SMTP is that of
aiosmtpd (Debian: python3-aiosmtpd) and the reading that of Python's standard library, so that a mail which only our own
code can read is not one.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

HOST = "127.0.0.1"


def shown(file):
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    text = mail.get_body(("plain",)).get_content()
    code = re.search(r"^\s*([0-9A-Z]{8})\s*$", text, re.MULTILINE)
    link = re.search(r"https?://\S+#\S+", text)
    return {
        "to": mail["to"].addresses[0].addr_spec,
        "subject": mail["subject"],
        "text": text,
        "link": link and link.group(),
        "code": code and code.group(1),
        # Whoever was first was here first: the times that mails tell have whole seconds.
        "createdAt": file.stat().st_mtime_ns,
    }


class Messages(BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = parse_qs(urlsplit(self.path).query).get("to")
        found = [shown(file) for file in pathlib.Path(self.server.folder, "new").glob("*")]
        found = [mail for mail in found if not wanted or mail["to"].lower() in wanted]
        body = json.dumps(sorted(found, key=lambda mail: -mail["createdAt"])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


async def serve(folder):
    http = ThreadingHTTPServer((HOST, 0), Messages)
    http.folder = folder
    threading.Thread(target=http.serve_forever, daemon=True).start()
    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(lambda: SMTP(Mailbox(folder), hostname="mail.example"), HOST, 0)
    print(
        json.dumps({
            "smtp": f"smtp://{HOST}:{smtp.sockets[0].getsockname()[1]}?tls=none",
            "messages": f"http://{HOST}:{http.server_address[1]}/",
        }),
        flush=True,
    )
    await loop.run_in_executor(None, sys.stdin.read)


if len(sys.argv) != 2:
    sys.exit(__doc__)
asyncio.run(serve(sys.argv[1]))
