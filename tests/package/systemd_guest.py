"""What systemd.sh has played on the machine that it boots: the package under systemd, with a match and a player."""
import base64
import glob
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

LIMIT = 180  # seconds for anything that is waited for: the processor may be an emulated one
ENVIRONMENT = dict(os.environ, GSE_CREDENTIALS="/var/lib/gse/credentials.toml", DEBIAN_FRONTEND="noninteractive",
                   GSE_ENDPOINT="http://127.0.0.1:8080")
SERVICES = ("gse-server", "gse-agent")
STARTED = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - STARTED:6.1f}] {text}", flush=True)


def run(*words, check=True):
    done = subprocess.run(words, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def gse(*words):
    return json.loads(run("gse", *words, "--output", "json"))


def ensure(fact, what):
    if not fact:
        raise AssertionError(what)
    say("ok   " + what)


def wait(what, question):
    end = time.monotonic() + LIMIT
    while True:
        answer = question()
        if answer:
            say("ok   " + what)
            return answer
        if time.monotonic() > end:
            raise AssertionError("waited in vain: " + what)
        time.sleep(0.2)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def properties(unit):
    text = run("systemctl", "show", unit, "-p", "ActiveState,SubState,MainPID,NRestarts,UnitFileState,ControlGroup")
    return dict(line.split("=", 1) for line in text.splitlines())


def main_pid(unit):
    return properties(unit)["MainPID"]


def processes(name):
    found = set()
    for link in glob.glob("/proc/[0-9]*/exe"):
        try:
            if os.path.basename(os.readlink(link)) == name:
                found.add(int(link.split("/")[2]))
        except OSError:
            pass  # it has ended
    return found


def ready():
    return subprocess.run(["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/readyz')"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def hosts_connected():
    return [host for host in gse("host", "list") if host["Status"] == "CONNECTED"] if ready() else []


class Player(threading.Thread):
    """One of gse-chat: says something again and again, and hears it back, on one connection all along."""

    def __init__(self, address, player_session):
        super().__init__(daemon=True)
        self.address, self.player_session = address, player_session
        self.heard, self.trouble, self.over = 0, "", False

    def run(self):
        try:
            self.play()
        except Exception as error:  # told by whoever asks next
            self.trouble = f"{type(error).__name__}: {error}"

    def play(self):
        self.socket = socket.create_connection(self.address, LIMIT)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /ws?playerSessionId={self.player_session}&name=Ann HTTP/1.1\r\nHost: game\r\n"
                             f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                             "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert b" 101 " in head, head
        assert self.hear()["type"] == "welcome"
        last = None
        while not self.over:
            self.tell({"type": "chat", "text": f"line {self.heard}"})
            message = self.hear()
            while message["type"] != "chat":
                message = self.hear()
            assert last is None or message["seq"] == last + 1, f"{message['seq']} after {last}"
            last = message["seq"]
            self.heard += 1
            time.sleep(0.1)

    def more(self):
        piece = self.socket.recv(65536)
        assert piece, "the game has ended the connection"
        self.buffer += piece

    def hear(self):
        while True:
            while len(self.buffer) < 2:
                self.more()
            kind, length, at = self.buffer[0] & 15, self.buffer[1] & 127, 2
            if length == 126:
                while len(self.buffer) < 4:
                    self.more()
                length, at = struct.unpack(">H", self.buffer[2:4])[0], 4
            while len(self.buffer) < at + length:
                self.more()
            body, self.buffer = self.buffer[at:at + length], self.buffer[at + length:]
            if kind == 1:
                return json.loads(body)
            if kind == 9:
                self.frame(10, body)
            assert kind != 8, f"closed: {body!r}"

    def tell(self, message):
        self.frame(1, json.dumps(message).encode())

    def frame(self, kind, body):
        mask = os.urandom(4)
        self.socket.sendall(bytes([128 | kind, 128 | len(body)]) + mask +
                            bytes(byte ^ mask[at % 4] for at, byte in enumerate(body)))


class Match:
    """A session of gse-chat with a player, and what must not change whatever is done to the services."""

    def __init__(self, fleet):
        session = gse("session", "create", "--fleet", fleet, "--players", "4", "--name", "friday")
        self.id = session["GameServerSessionId"]
        wait("the session is ACTIVE", lambda: self.status() == "ACTIVE")
        seat = gse("player", "join", self.id, "--player", "ann")
        self.game = processes("gse-chat")
        ensure(len(self.game) == 1, "one game runs")
        self.player = Player((seat["IpAddress"], seat["Port"]), seat["PlayerSessionId"])
        self.player.start()
        self.plays_on("at first")

    def status(self):
        return next((one["Status"] for one in gse("session", "list") if one["GameServerSessionId"] == self.id), None)

    def plays_on(self, when, known=True):
        heard = self.player.heard
        wait(f"{when}: the player plays on", lambda: self.player.trouble or self.player.heard > heard + 3)
        ensure(not self.player.trouble, f"{when}: the connection is the same {self.player.trouble}")
        ensure(processes("gse-chat") == self.game, f"{when}: the game is the same process")
        if known:
            wait(f"{when}: server and agent are together", hosts_connected)
            ensure(self.status() == "ACTIVE", f"{when}: the session is ACTIVE")


def setting(file, table, key, value):
    """As an operator does: takes away the '#' and writes the value."""
    text = read(file)
    start = text.index(f"\n[{table}]\n") if table else 0
    head, tail = text[:start], text[start:]
    changed = re.sub(rf"(?ms)^#?{key} = (\[.*?^#?\]|[^\n]*)", f"{key} = {value}", tail, count=1)
    assert changed != tail, f"{key} is not in {file}"
    with open(file, "w", encoding="utf-8") as out:  # owner and mode stay
        out.write(head + changed)


def everything():
    """What lies on the disk."""
    passing = ("/proc", "/sys", "/dev", "/run", "/tmp", "/root", "/boot", "/var/log", "/var/cache", "/var/tmp",
               "/var/lib/apt", "/var/lib/dpkg", "/var/lib/systemd")
    found = set()
    for folder, folders, files in os.walk("/"):
        folders[:] = [one for one in folders if os.path.join(folder, one) not in passing]
        found.update(os.path.join(folder, one) for one in folders + files)
    return found


def unit_is_fine():
    units = [f"/usr/lib/systemd/system/{one}.service" for one in SERVICES]
    said = run("systemd-analyze", "verify", *units, check=False)
    ensure("gse-" not in said, f"systemd-analyze verify has nothing to say {said}")
    for one in SERVICES:
        line = run("systemd-analyze", "security", "--no-pager", one, check=False).strip().splitlines()[-1]
        say("     systemd-analyze security: " + line)


def limits(match):
    """Of the instance type, by cgroup v2: one vCPU and 1 GiB."""
    folder = "/root/greedy"
    os.makedirs(folder)
    # Two of them would use both processors, were there no limit.
    write(f"{folder}/burn.sh", "#!/bin/sh\nwhile :; do :; done &\nwhile :; do :; done\n", 0o755)
    write(f"{folder}/hog.sh", "#!/bin/sh\nexec /usr/bin/python3 -c '\nimport time\nkept = []\nwhile True:\n"
                              "    kept.append(b\"x\" * (32 << 20))\n    time.sleep(0.02)'\n", 0o755)
    run("gse", "asset", "upload", folder, "--name", "greedy")
    run("gse", "fleet", "create", "burn", "--asset", "greedy", "--launch", "burn.sh", "--instance-type", "TINY",
        "--activation-timeout", "600")
    group = wait("a game that burns has a control group", lambda: busy_group("burn"))
    ensure(read(f"{os.path.dirname(group)}/cpu.max").split() == ["100000", "100000"], "its instance may have one vCPU")
    before, start = used_us(group), time.monotonic()
    time.sleep(5)
    share = (used_us(group) - before) / 1e6 / (time.monotonic() - start)
    ensure(0.5 < share < 1.1, f"it gets {share:.2f} vCPU of the machine's {os.cpu_count()}")
    say("     " + run("gse", "instance", "list", "--fleet", "burn").strip().replace("\n", "\n         "))
    run("gse", "fleet", "delete", "burn")
    run("gse", "fleet", "create", "hog", "--asset", "greedy", "--launch", "hog.sh", "--instance-type", "TINY",
        "--activation-timeout", "600")
    told = wait("a game that takes all memory is ended and the event has the figures",
                lambda: re.search(r".*1 GiB of 1 GiB of TINY.*", run("gse", "fleet", "events", "hog", "--limit", "50")))
    say("     " + told[0].strip())
    run("gse", "fleet", "delete", "hog")
    match.plays_on("beside greedy games")


def groups():
    """Those of game processes."""
    return [folder for folder, below, _ in os.walk("/sys/fs/cgroup")
            if "/gse-" in folder and ".service" not in folder and not below]


def used_us(group):
    return int(re.search(r"usage_usec (\d+)", read(f"{group}/cpu.stat"))[1])


def busy_group(fleet):
    """The group of a process of the fleet that has used a second."""
    instances = [one["InstanceId"] for one in gse("instance", "list", "--fleet", fleet)]
    return next((one for one in groups() if one.split("/")[-2] in instances and used_us(one) > 1_000_000), None)


def play():
    ensure(read("/proc/1/comm").strip() == "systemd", "has booted: " + run("systemctl", "--version").splitlines()[0])
    ensure("cgroup2" in run("stat", "-fc", "%T", "/sys/fs/cgroup"),
           "cgroup v2: " + read("/sys/fs/cgroup/cgroup.controllers").strip())
    before = everything()

    # Installed: nothing runs yet.
    said = run("apt-get", "install", "-y", "/root/opengse.deb")
    ensure("systemctl enable --now gse-server" in said, "apt installs the package, which says what to do")
    for one in SERVICES:
        state = properties(one)
        ensure((state["ActiveState"], state["UnitFileState"]) == ("inactive", "disabled"), f"{one} is there and off")
    unit_is_fine()

    # The server, as operations.md has it.
    types = '[{name = "S5.LARGE8", type_name = "large", cpu = 4, memory_gb = 8, network_card = 0}, ' \
            '{name = "TINY", type_name = "tiny", cpu = 1, memory_gb = 1, network_card = 0}]'
    setting("/etc/gse/server.toml", "", "instance_types", types)
    run("systemctl", "enable", "--now", "gse-server")
    wait("gse-server runs, and is ready", ready)
    ensure(run("stat", "-c", "%U", f"/proc/{main_pid('gse-server')}").strip() == "gse", "it is the user gse")

    # The agent enrols.
    run("sh", "-c", "umask 077; gse host token --ttl 1h > /etc/gse/host.token")
    setting("/etc/gse/agent.toml", "agent", "server", '"127.0.0.1:7070"')
    setting("/etc/gse/agent.toml", "agent", "token_file", '"/etc/gse/host.token"')
    run("systemctl", "enable", "--now", "gse-agent")
    host = wait("gse-agent runs and has enrolled", hosts_connected)[0]
    say("     " + json.dumps({key: host.get(key) for key in ("Name", "Sandbox", "Limits", "LimitsLack")}))
    ensure(host["Sandbox"] == "bubblewrap", "games are confined by bubblewrap")

    # A match.
    run("/usr/share/opengse/chat/package.sh", "/root/chat", "Chat")
    run("gse", "asset", "upload", "/root/chat", "--name", "chat")
    run("gse", "fleet", "create", "chat", "--asset", "chat", "--launch", "start.sh", "--protection", "full", "--wait")
    match = Match("chat")
    say("     " + read(f"/proc/{next(iter(match.game))}/cgroup").strip())

    # Started anew, killed, upgraded, and both away.
    for one in ("gse-agent", "gse-server"):
        old = main_pid(one)
        run("systemctl", "restart", one)
        ensure(main_pid(one) != old, f"systemctl restart {one}")
        match.plays_on(f"{one} was restarted")
    for one in ("gse-agent", "gse-server"):
        old = main_pid(one)
        run("kill", "-9", old)
        wait(f"{one} was killed and systemd starts it again", lambda: main_pid(one) not in ("0", old))
        match.plays_on(f"{one} was killed")
    old = {one: main_pid(one) for one in SERVICES}
    run("systemctl", "reload", "gse-server")
    ensure(main_pid("gse-server") == old["gse-server"], "systemctl reload gse-server")
    run("apt-get", "install", "-y", "/root/next.deb")
    ensure("99.1" in run("dpkg-query", "-W", "-f=${Version}", "opengse"), "apt upgrades the package")
    for one in SERVICES:
        ensure(main_pid(one) not in ("0", old[one]), f"the upgrade has restarted {one}")
    match.plays_on("the package was upgraded")
    run("systemctl", "stop", *SERVICES)
    match.plays_on("both were stopped", known=False)
    run("systemctl", "start", *SERVICES)
    match.plays_on("both were started")

    limits(match)

    # The journal.
    for one in SERVICES:
        text = run("journalctl", "--no-pager", "-u", one, "-o", "short-iso")
        ensure("blob data" not in text and "\x1b" not in text, f"the journal of {one} is text")
        lines = text.splitlines()
        for line in lines[:6] + ["…"] + lines[-6:]:
            say("     " + line[:200])

    # Removed: the match stays. Purged: nothing else does.
    run("apt-get", "remove", "-y", "opengse")
    for one in SERVICES:
        ensure(main_pid(one) == "0", f"the removal has ended {one}")
    match.plays_on("the package was removed", known=False)
    said = run("apt-get", "purge", "-y", "opengse")
    ensure("games still run from /var/lib/gse-agent: it stays" in said, "purge leaves the folder of a game that runs")
    match.plays_on("the package was purged", known=False)
    match.player.over = True
    for pid in match.game:
        os.kill(pid, 9)
    wait("the game was ended by hand", lambda: not processes("gse-chat"))
    shutil.rmtree("/var/lib/gse-agent")
    os.remove("/etc/gse/host.token")
    os.rmdir("/etc/gse")
    left = sorted(one for one in everything() - before if "gse" in one)
    ensure(not left, f"nothing of it is left on the disk {left}")
    say(f"     control groups left: {groups()}; users left: {run('sh', '-c', 'getent passwd gse || true').strip()}")


try:
    play()
    print("EVERYTHING HELD", flush=True)
except Exception as error:
    print(f"FAILED {type(error).__name__}: {error}", flush=True)
    for one in SERVICES:
        print(run("journalctl", "--no-pager", "-n", "40", "-u", one, check=False), flush=True)
    sys.exit(1)
