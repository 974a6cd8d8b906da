# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: docs/cloud-init.yaml makes the machine that docs/deploy-oracle.md speaks of, by cloud-init itself, at a first boot."""
import json
import re
import subprocess
import tempfile
import unittest

import machine
from machine import until

NAMES = "cloud-init", "nftables", "openssh-server", "tor", "unattended-upgrades", "openssh-client", "netcat-openbsd"
PORTS = "22", "7001", "7009" # not all: what is dropped takes its time
SEED = "/var/lib/cloud/seed/nocloud"
LISTENS = "perl -MIO::Socket::INET -e '$$s = IO::Socket::INET->new(LocalAddr => \"0.0.0.0:7009\", Listen => 5); sleep 9999'"
KNOWN = "inet sotto" # the table


# As docs/deploy-oracle.md makes them; the private one once more as Tor's control port takes it.
KEYS = """openssl genpkey -algorithm x25519 -out ssh-onion.pem
openssl pkey -in ssh-onion.pem -pubout -outform DER | tail -c 32 | base32 | tr -d =
openssl pkey -in ssh-onion.pem -outform DER | tail -c 32 | base64"""
TOLD = """
import socket, sys
with socket.create_connection((sys.argv[1].split(":")[0], int(sys.argv[1].split(":")[1]))) as control:
    for line in "AUTHENTICATE", f"ONION_CLIENT_AUTH_ADD {sys.argv[2]} x25519:{sys.argv[3]}":
        control.sendall(f"{line}\\r\\n".encode())
        assert control.recv(100).startswith(b"25"), line
"""


def onion_keys():
    """Public, private."""
    with tempfile.TemporaryDirectory() as place:
        return subprocess.run(["bash", "-euc", KEYS], check=True, stdout=subprocess.PIPE, text=True, cwd=place).stdout.split()


class Cloud(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """What an image brings: cloud-init and a login. Packages are ready for apt, as there is no network to fetch them by."""
        cls.m = m = machine.Machine([*machine.debs(), *NAMES])
        m.sh("export DEBIAN_FRONTEND=noninteractive; apt-get -qq install -y --no-install-recommends cloud-init openssh-client "
             "netcat-openbsd; ssh-keygen -q -t ed25519 -N '' -f /root/id; "
             "echo 'network: {config: disabled}' >/etc/cloud/cloud.cfg.d/99-box.cfg; "
             "echo 'APT::Install-Recommends 0;' >/etc/apt/apt.conf.d/box-recommends; "
             f"echo 'datasource_list: [NoCloud, None]' >/etc/cloud/cloud.cfg.d/90_dpkg.cfg; mkdir -p {SEED}; "
             f"(echo 'instance-id: box'; echo 'public-keys:'; echo \"- $(cat /root/id.pub)\") >{SEED}/meta-data")
        cls.public, cls.private = onion_keys()
        text = machine.ours("docs/cloud-init.yaml").replace("descriptor:x25519:CHANGE", f"descriptor:x25519:{cls.public}")
        with open(f"{m.root}{SEED}/user-data", "w", encoding="utf-8") as file:
            file.write(text)
        m.lan(*PORTS)
        m.reboot()
        m.lan(*PORTS)
        m.sh("cloud-init status --wait >/dev/null || :", limit_s=900)
        cls.console = m.sh("cat /var/log/cloud-init-output.log") # and so it stands on the machine's console

    @classmethod
    def tearDownClass(cls):
        cls.m.off()

    def test_1_cloud_init_does_all_of_it(self):
        told = json.loads(self.m.sh("cat /run/cloud-init/result.json"))["v1"]
        self.assertIn("NoCloud", told["datasource"])
        self.assertEqual(told["errors"], [], self.console[-4000:])
        judged = self.m.sh("cloud-init schema --system 2>&1 || :")
        self.assertRegex(judged, r"\bValid\b")
        print("".join(f"       {line}\n" for line in judged.splitlines()))
        for unit in ("nftables.service", "tor@ssh.service"):
            self.assertEqual(self.m.ask("systemctl", "is-active", "--quiet", unit), 0, unit)
        for unit in ("nftables.service", "tor@ssh.service", "apt-daily-upgrade.timer"):
            self.assertEqual(self.m.ask("systemctl", "is-enabled", "--quiet", unit), 0, unit)
        self.assertIn("masked", self.m.run("systemctl", "is-enabled", "tor@default.service", check=False)[1])
        self.assertNotEqual(self.m.ask("systemctl", "is-active", "--quiet", "tor@default.service"), 0)
        print("".join(f"       {line}\n" for line in self.console.splitlines() if line.startswith("sotto:")))
        self.assertRegex(self.console, r"(?m)^sotto: SSH is at [a-z2-7]{56}\.onion$")

    def test_2_nothing_inbound_is_open(self):
        self.assertIn("policy drop", self.m.sh(f"nft list table {KNOWN}"))
        self.assertEqual(self.m.knock(), [])
        self.assertEqual({end for end in self.m.bound() if end[0] == "tcp"}, set())
        self.assertIn("127.0.0.1:22", self.m.net("ss", "-ltnH"))
        self.m.sh(f"systemd-run -q --unit planted {LISTENS}")
        until("a listener", lambda: ":7009 " in self.m.net("ss", "-ltnH"))
        self.addCleanup(self.m.run, "systemctl", "stop", "planted")
        self.assertEqual(self.m.knock(), [])
        self.m.run("systemctl", "stop", "nftables.service") # which is what kept it away
        self.assertEqual(self.m.knock(), ["7009"])
        self.m.run("systemctl", "start", "nftables.service")

    def test_3_security_updates_come_by_themselves(self):
        said = self.m.sh("apt-config dump")
        for line in ('APT::Periodic::Unattended-Upgrade "1"', 'Unattended-Upgrade::Automatic-Reboot "true"'):
            self.assertIn(line, said)
        self.assertIn("Debian-Security", self.m.sh("unattended-upgrade --dry-run --debug 2>&1 || :"))

    def test_4_what_it_says_is_to_be_done_makes_a_server(self):
        self.assertRegex(self.console, r"(?m)^sotto: next, .*sudo apt install ./build/deb/sotto-server_\*\.deb && sudo sottoctl init$")
        self.m.install([d for d in machine.debs() if "/sotto-server_" in d])
        self.m.tor_network()
        said = self.m.run("sottoctl", "init", limit_s=900)
        self.assertIn("all three daemons answer through Tor", said)
        self.assertEqual(self.m.knock(), [])
        print("".join(f"       {line}\n" for line in re.findall(r"(?m)^(?:onion|server):.*", said)))

    def ssh(self, onion, socks):
        return self.m.sh(f"ssh -i /root/id -o StrictHostKeyChecking=accept-new -o ProxyCommand='nc -X 5 -x {socks} %h %p' debian@{onion} "
                         "id -un 2>&1 || :")

    def test_5_ssh_is_found_by_who_has_the_key_and_nobody_else(self):
        onion = re.search(r"(?m)^sotto: SSH is at (\S+)$", self.console)[1]
        if not self.m.has_tor_network():
            self.m.tor_network()
        self.m.sh("cat /etc/sotto/torrc.d/test.conf >>/etc/tor/instances/ssh/torrc; systemctl restart tor@ssh.service")
        with open(f"{self.m.tor}/env", encoding="ascii") as file:
            control = dict(line.strip().split("=", 1) for line in file)["CONTROL2"]
        self.m.net("python3", "-c", TOLD, control, onion.removesuffix(".onion"), self.private)
        until("a login", lambda: "debian" in self.ssh(onion, self.m.socks[1]).split())
        self.assertNotIn("debian", self.ssh(onion, self.m.socks[0]).split())
