"""Who calls in a run of scripts/schemathesis, and what there is to call about.

Out of the OpenAPI document alone come random ids and nobody's credentials, so that hardly anything but refusals would be
judged. Here a caller has a session, an organization, clients and everything else that a path can name, and is made anew
when it was ended, deleted or banned by what it did. Half of the requests keep what schemathesis made up.

    JUDGE_ROLE      stranger, user, through (a user through a client), client, or administrator
    JUDGE_BASE      where the server is
    JUDGE_BINARY    the program
    JUDGE_DATA      where the server keeps its data
    JUDGE_SEED      the same choices again
    JUDGE_ANSWERS   a folder for how often which operation was answered in which way
"""

import atexit
import base64
import collections
import hashlib
import hmac
import json
import os
import random
import re
import subprocess
import time
import urllib.error
import urllib.request

import schemathesis

BASE = os.environ["JUDGE_BASE"]
ROLE = os.environ["JUDGE_ROLE"]
# Several of one role may follow each other on one server.
WHO = f"{ROLE}.{os.getpid()}"
STATE = "schemathesis-state-0123456789"
PASSWORD = "plum kettle orbits 7 lanterns"
# What needs a recent login is refused after five minutes.
LIFETIME = 200

chance = random.Random(os.environ["JUDGE_SEED"] + ROLE)
numbers = iter(range(1, 1 << 30))
answered = collections.defaultdict(collections.Counter)
cursors = {}


class Refused(Exception):
    """Something that a caller needs could not be had."""


def ask(method, path, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    fields = {"Content-Type": "application/json"} if data else {}
    request = urllib.request.Request(BASE + path, data, {**fields, **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as refused:
        if refused.code >= 500:
            raise
        raise Refused(f"{method} {path}: {refused.code} {refused.read()[:300]}") from refused


def mail_to(address, after=()):
    """The newest mail that is none of those."""
    for _ in range(400):
        mails = ask("GET", "/dev/mail/messages?to=" + address)
        new = [mail for mail in mails if mail["id"] not in after]
        if new:
            return new[0]
        time.sleep(0.02)
    raise Refused("no mail to " + address)


def mails_to(address):
    return {mail["id"] for mail in ask("GET", "/dev/mail/messages?to=" + address)}


def link_code(mail):
    found = re.search(r"#(dw_[a-z]+_\w+)", mail["text"])
    if not found:
        raise Refused("no link to " + mail["to"])
    return found.group(1)


def operate(*words):
    """What an operator does on the machine of the server."""
    command = [os.environ["JUDGE_BINARY"], *words, "--dev", "--json", "--data", os.environ["JUDGE_DATA"]]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise Refused(f"{words}: {done.stdout}")
    return json.loads(done.stdout)


def digits(secret, steps=0):
    """What an authenticator app shows, so many half minutes from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = int(time.time()) // 30 + steps
    mac = hmac.digest(key, counter.to_bytes(8, "big"), hashlib.sha1)
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def step_body(step, secret):
    return {"idType": "code", "idValue": step["code"], "secret": secret, "state": STATE}


class Person:
    """Somebody with an account, who is signed in."""

    def __init__(self, name, password=None):
        self.email = f"{name}.{WHO}.{next(numbers)}@example.com"
        body = {"name": name, "email": self.email, "state": STATE}
        if password:
            body.update(password=password, passwordConf=password)
        step = ask("POST", "/v1/users", body)
        self.take(ask("POST", "/v1/authn/code", step_body(step, mail_to(self.email)["code"])), {})

    def take(self, session, through):
        if session["t"] != "session":
            # Somebody enrolled an app, whose secret is not known here.
            raise Refused(session["step"])
        self.id, self.session, self.refresh = (session[it] for it in ("userId", "sessionId", "refresh"))
        self.fields = {"Authorization": "Bearer " + session["token"], **through}

    def begin(self, fields=None):
        """The first factor: what a code by mail leads to."""
        seen = mails_to(self.email)
        body = {"idType": "email", "idValue": self.email, "state": STATE}
        step = ask("POST", "/v1/authn/email", body, fields)
        code = mail_to(self.email, seen)["code"]
        return ask("POST", "/v1/authn/code", step_body(step, code), fields)

    def log_in(self, through=None):
        self.take(self.begin(through), through or {})

    def post(self, path, body=None):
        return ask("POST", path, {} if body is None else body, self.fields)

    def enrol(self):
        """An authenticator app: its secret, and the recovery codes."""
        enrolment = self.post("/v1/users/me/totp")
        proof = {"code": enrolment["code"], "secret": digits(enrolment["secret"], -1)}
        codes = self.post("/v1/users/me/totp/confirm", proof)
        return enrolment["secret"], codes["recoveryCodes"]

    def claim(self):
        """One more address, and its code."""
        address = f"second.{WHO}.{next(numbers)}@example.com"
        self.post("/v1/users/me/login-emails", {"emails": [address]})
        return address, link_code(mail_to(address))

    def email_id(self, address):
        emails = ask("GET", "/v1/users/me/login-emails", headers=self.fields)["data"]
        return next(email["id"] for email in emails if email["email"] == address)

    def prove(self):
        """One more address that is proven."""
        address, code = self.claim()
        self.post("/v1/emails/verify", {"code": code})
        return address


class World:
    """A caller, and what there is to call about."""

    def __init__(self):
        self.made, self.calls = time.monotonic(), 0
        self.owner = Person("owner")
        self.other = Person("other")
        self.clerk = None
        if ROLE in ("client", "administrator"):
            self.clerk = Person("clerk")
            operate("user", "grant", "administrator", self.clerk.id)
            self.clerk.log_in()
        self.organization = self.organizations()
        self.client, self.secret = self.clients()
        owner = self.owner
        if ROLE == "through":
            owner.log_in({"Durward-Client": self.secret})
        if ROLE == "client":
            self.clerk.post(f"/v1/clients/{self.client}/roles", {"roles": ["system"]})
        self.fields = {
            "user": owner.fields,
            "through": owner.fields,
            "client": {"Authorization": "Bearer " + self.secret},
            "administrator": self.clerk and self.clerk.fields,
        }[ROLE]
        owner.post("/v1/users/me/clients", {"name": "mine"})
        self.membership = self.memberships()

    def old(self):
        return time.monotonic() - self.made > LIFETIME or self.calls > 600

    def alive(self):
        try:
            ask("GET", "/v1/caller", headers=self.fields)
            ask("GET", "/v1/organizations/" + self.organization, headers=self.owner.fields)
            return True
        except Refused:
            return False

    # What a request may do away with is made for it.

    def organizations(self):
        return self.owner.post("/v1/organizations", {"name": "Looms"})["id"]

    def archived(self):
        archived = self.organizations()
        ask("DELETE", "/v1/organizations/" + archived, headers=self.owner.fields)
        return archived

    def orphaned(self):
        """An organization that nobody owns who may be used."""
        founder = Person("founder")
        orphaned = founder.post("/v1/organizations", {"name": "Orphans"})["id"]
        self.clerk.post(f"/v1/users/{founder.id}/ban")
        return orphaned

    def clients(self):
        made = self.owner.post(f"/v1/organizations/{self.organization}/clients", {"name": "Loom"})
        return made["id"], made["secret"]

    def secrets(self):
        client = self.clients()[0]
        return client, self.owner.post(f"/v1/clients/{client}/secrets")["id"]

    def restrictions(self, client=None):
        client = client or self.clients()[0]
        one = {"type": "ip", "value": f"10.{chance.randrange(256)}.{chance.randrange(256)}.0/24"}
        made = self.owner.post(f"/v1/clients/{client}/access-restrictions", {"restrictions": [one]})
        restrictions = made if isinstance(made, list) else made["data"]
        return client, restrictions[-1]["id"]

    def emails(self, proven=False):
        of = self.owner
        address = of.prove() if proven else of.claim()[0]
        return address, of.email_id(address)

    def invitations(self, to=None):
        to = to or f"guest.{WHO}.{next(numbers)}@example.com"
        path = f"/v1/organizations/{self.organization}/invitations"
        return self.owner.post(path, {"email": to, "role": "viewer"})["id"]

    def memberships(self):
        seen = mails_to(self.other.email)
        self.invitations(self.other.email)
        code = link_code(mail_to(self.other.email, seen))
        return self.other.post("/v1/invitations/accept", {"code": code})["id"]

    def sessions(self):
        of = self.other if ROLE in ("client", "administrator") else self.owner
        if of is self.owner:
            kept = of.fields, of.session
            of.log_in()
            made = of.session
            of.fields, of.session = kept
            return made
        of.log_in()
        return of.session


world = None


def users(path, method):
    """Whom a path under /v1/users names."""
    shuts = path.endswith(("/ban", "/unban", "/restore", "/impersonate")) or method == "DELETE"
    if ROLE == "client" or (ROLE == "administrator" and chance.random() < 0.8):
        return Person("victim").id if shuts and chance.random() < 0.5 else world.other.id
    return chance.choice(["me", world.owner.id])


def named(path, method):
    """Values for the parameters of a path, all of them of things that are there."""
    deletes = method == "DELETE"
    if "{secretId}" in path:
        return dict(zip(("id", "secretId"), world.secrets()))
    if "{restrictionId}" in path:
        return dict(zip(("id", "restrictionId"), world.restrictions()))
    if "{emailId}" in path:
        return {"id": "me", "emailId": world.emails(path.endswith("/primary"))[1]}
    if path.startswith("/v1/users/"):
        return {"id": users(path, method)}
    if path.startswith("/v1/organizations/"):
        if path.endswith("/restore"):
            return {"id": world.archived()}
        if path.endswith("/owner") and world.clerk:
            return {"id": world.orphaned()}
        spare = deletes or path.endswith("/transfer")
        return {"id": world.organizations() if spare else world.organization}
    if path.startswith("/v1/clients/"):
        spare = deletes or method in ("PATCH", "POST")
        return {"id": world.clients()[0] if spare else world.client}
    if path.startswith("/v1/invitations/"):
        return {"id": world.invitations()}
    if path.startswith("/v1/memberships/"):
        return {"id": world.membership}
    if path.startswith("/v1/sessions/"):
        return {"id": world.sessions()}
    return {}


def fill(body, ids):
    """Puts things that are there into a body."""
    if "membershipId" in body:
        body["membershipId"] = world.membership
    if "userId" in body:
        body["userId"] = world.other.id
    if "ids" in body and "id" in ids:
        body["ids"] = [world.restrictions(ids["id"])[1]]
    if "emails" in body:
        body["emails"] = [world.emails()[0]]
    if "roles" in body:
        body["roles"] = [chance.choice(["administrator", "system", "user"])]
    if "restrictions" in body:
        body["restrictions"] = [{"type": "api", "value": "/orders"}]
    if "email" in body:
        body["email"] = chance.choice([world.owner.email, f"new.{WHO}.{next(numbers)}@example.com"])


def proof(path):
    """A body for what wants something that only a mail, an app or an answer has."""
    if path == "/v1/authn/code":
        email = f"new.{WHO}.{next(numbers)}@example.com"
        step = ask("POST", "/v1/users", {"name": "New", "email": email, "state": STATE})
        return step_body(step, mail_to(email)["code"])
    if path == "/v1/authn/password":
        email = Person("password", PASSWORD).email
        return {"idType": "email", "idValue": email, "secret": PASSWORD, "state": STATE}
    if path in ("/v1/authn/totp", "/v1/authn/recovery"):
        someone = Person("factors")
        secret, codes = someone.enrol()
        return step_body(someone.begin(), digits(secret) if path.endswith("/totp") else codes[0])
    if path == "/v1/authn/new-password" and world.clerk:
        someone = Person("marked", PASSWORD)
        world.clerk.post(f"/v1/users/{someone.id}/password/compromised")
        body = {"idType": "email", "idValue": someone.email, "secret": PASSWORD, "state": STATE}
        step = ask("POST", "/v1/authn/password", body)
        new = "harbour violet ninety sparrow"
        return {"idType": "code", "idValue": step["code"], "state": STATE, "password": new, "passwordConf": new}
    if path == "/v1/sessions/refresh":
        return {"refresh": Person("refresh").refresh}
    if path == "/v1/emails/verify":
        # The link alone proves nothing: it takes the session of whoever claims.
        return {"code": world.owner.claim()[1]}
    if path == "/v1/emails/revert":
        someone = Person("reverts")
        second = someone.email_id(someone.prove())
        seen = mails_to(someone.email)
        someone.post(f"/v1/users/me/login-emails/{second}/primary")
        return {"code": link_code(mail_to(someone.email, seen))}
    if path == "/v1/notices/report":
        someone = Person("reports")
        seen = mails_to(someone.email)
        someone.post("/v1/users/me/password", {"password": PASSWORD, "passwordConf": PASSWORD})
        return {"code": link_code(mail_to(someone.email, seen))}
    if path == "/v1/users/restore":
        someone = Person("leaves")
        seen = mails_to(someone.email)
        ask("DELETE", "/v1/users/me", headers=someone.fields)
        return {"code": link_code(mail_to(someone.email, seen))}
    if path == "/v1/passwords/reset/confirm":
        someone = Person("resets")
        seen = mails_to(someone.email)
        ask("POST", "/v1/passwords/reset", {"email": someone.email, "state": STATE})
        code = link_code(mail_to(someone.email, seen))
        secrets = {"password": PASSWORD, "passwordConf": PASSWORD}
        return {"idType": "code", "idValue": code, "state": STATE, **secrets}
    if path == "/v1/users/{id}/password":
        return {"password": PASSWORD, "passwordConf": PASSWORD}
    if path == "/v1/users/{id}/totp/confirm" and ROLE in ("user", "through"):
        enrolment = world.owner.post("/v1/users/me/totp")
        return {"code": enrolment["code"], "secret": digits(enrolment["secret"])}
    if path == "/v1/invitations/accept" and ROLE in ("user", "through"):
        theirs = world.other.post("/v1/organizations", {"name": "Theirs"})["id"]
        seen = mails_to(world.owner.email)
        invitation = {"email": world.owner.email, "role": "viewer"}
        world.other.post(f"/v1/organizations/{theirs}/invitations", invitation)
        return {"code": link_code(mail_to(world.owner.email, seen))}
    if path == "/v1/bootstrap" and ROLE == "user":
        return {"code": operate("admin", "link", "--recover")["link"].partition("#")[2]}
    return None


def somebody_else(method, path):
    """Who can do what the caller cannot."""
    if (method, path) == ("DELETE", "/v1/users/{id}"):
        # Whoever owns an organization stays.
        return Person("leaves")
    if (method, path) in (("DELETE", "/v1/users/{id}/totp"), ("POST", "/v1/users/{id}/recovery-codes")):
        someone = Person("factors")
        secret = someone.enrol()[0]
        someone.take(ask("POST", "/v1/authn/totp", step_body(someone.begin(), digits(secret))), {})
        return someone
    return None


@schemathesis.hook
def before_call(context, case, kwargs):
    global world
    if ROLE == "stranger":
        return
    if world is None or world.old():
        world = World()
    world.calls += 1
    # Made-up credentials are refused before anything is looked at: a few of them are enough.
    if chance.random() < 0.95:
        made_up = ("authorization", "durward-client")
        kept = {name: value for name, value in (case.headers or {}).items() if name.lower() not in made_up}
        case.headers = {**kept, **world.fields}
    path, method = case.operation.path, case.method.upper()
    ids = {}
    try:
        if "{" in path and chance.random() < 0.6:
            ids = named(path, method)
            if ids:
                case.path_parameters = ids
        sent = proof(path) if method == "POST" and chance.random() < 0.15 else None
        if sent:
            case.body, case.media_type = sent, "application/json"
            if "{id}" in path:
                case.path_parameters = {"id": "me"}
        elif isinstance(case.body, dict) and chance.random() < 0.5:
            fill(case.body, ids)
        someone = somebody_else(method, path) if ROLE == "user" and chance.random() < 0.6 else None
        if someone:
            case.headers = {**(case.headers or {}), **someone.fields}
            case.path_parameters = {"id": "me"}
    except Refused:
        # The caller did away with something; the next one has everything again.
        world.calls = 1 << 20
    if (path, method) in cursors and chance.random() < 0.3:
        case.query = {**(case.query or {}), "cursor": cursors[path, method]}


@schemathesis.hook
def after_call(context, case, response):
    operation = case.operation
    answered[f"{operation.method.upper()} {operation.path}"][response.status_code] += 1
    if ROLE == "stranger" or world is None:
        return
    if response.status_code == 200 and case.method == "GET":
        try:
            following = json.loads(response.content).get("next")
        except (ValueError, AttributeError):
            following = None
        if isinstance(following, str):
            cursors[operation.path, case.method] = following
    if response.status_code == 401 and not world.alive():
        world.calls = 1 << 20


@atexit.register
def tell():
    if answered:
        name = os.path.join(os.environ["JUDGE_ANSWERS"], WHO)
        with open(name, "w", encoding="utf-8") as file:
            json.dump(answered, file)
