# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: a profile bound to its device opens with passphrase and device secret only, and panic forgets that secret.

The Secret Service is GNOME's, on a bus of its own on which nothing is started by itself.
"""
import os
import shutil
import subprocess
import tempfile
import unittest

from stack import until
from test_profile import DURESS, OTHER, OWN, Place

BUS = """<busconfig><type>session</type><listen>unix:dir={}</listen>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
"""
VERSION = slice(8, 12)


class Desktop:
    """A bus and an unlocked keyring; env leads to them."""

    def __init__(self, test):
        self.dir = tempfile.mkdtemp(prefix="so.desktop.")
        test.addClassCleanup(shutil.rmtree, self.dir)
        with open(f"{self.dir}/bus.conf", "w", encoding="ascii") as file:
            file.write(BUS.format(self.dir))
        bus = self.start(test, "dbus-daemon", "--nofork", "--print-address=1", f"--config-file={self.dir}/bus.conf")
        self.env = {"HOME": self.dir, "XDG_RUNTIME_DIR": self.dir, "DBUS_SESSION_BUS_ADDRESS": bus.stdout.readline().decode().strip()}
        ring = self.start(test, "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets",
                          f"--control-directory={self.dir}/control", env={**os.environ, **self.env})
        ring.stdin.write(b"the keyring's own")
        ring.stdin.close()
        until("the keyring", lambda: b"org.freedesktop.secrets" in subprocess.run(
            ["busctl", f"--address={self.env['DBUS_SESSION_BUS_ADDRESS']}", "list"], capture_output=True, check=True).stdout)

    def start(self, test, *argv, **more):
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, **more)
        test.addClassCleanup(process.stdout.close)
        test.addClassCleanup(process.wait)
        test.addClassCleanup(process.kill)
        return process


class Secret(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.desktop = Desktop(cls)

    def setUp(self):
        self.place = self.at_the_desktop()

    def at_the_desktop(self):
        place = Place(self)
        place.env |= self.desktop.env
        return place

    def init(self, place):
        self.assertNotIn("keyring", place.do((OWN,), "--device", "init")[2]) # nobody is there to register with
        with open(f"{place.profile}/key", "rb") as file:
            self.assertEqual(file.read()[VERSION], bytes([0, 0, 0, 3]))

    def kept(self, place):
        """The secrets of that profile."""
        with open(f"{place.profile}/key", "rb") as file:
            name = file.read()[24:40].hex()
        return subprocess.run(["secret-tool", "lookup", "application", "sotto", "profile", name], env=place.env, capture_output=True,
                              text=True, check=False).stdout

    def away(self, place):
        """The same folder, where the desktop is not."""
        other = Place(self)
        other.profile, other.env["DBUS_SESSION_BUS_ADDRESS"] = place.profile, f"unix:path={other.dir}/none"
        return other

    def test_it_opens_with_passphrase_and_device_secret_and_with_neither_alone(self):
        self.init(self.place)
        link = self.place.link((OWN,))
        self.assertIsNotNone(link)
        self.assertIsNone(self.place.link((OTHER,)))
        status, _, err = self.away(self.place).do((OWN,), "id")
        self.assertEqual((status, "desktop's keyring" in err), (3, True), err)
        self.assertEqual(self.place.do((OWN, OTHER), "passwd")[0], 0)
        self.assertEqual((self.place.link((OTHER,)), self.place.link((OWN,))), (link, None))

    def test_without_a_keyring_none_is_made(self):
        away = self.away(self.place)
        status, _, err = away.do((OWN,), "--device", "init")
        self.assertEqual((status, "desktop's keyring" in err), (3, True), err)
        self.assertFalse(os.path.exists(away.profile))

    def test_after_duress_it_looks_as_one_without_and_wants_the_device_too(self):
        plain = self.at_the_desktop()
        for place in (self.place, plain):
            self.init(place)
        self.assertEqual(self.place.do((OWN, DURESS), "duress")[0], 0)
        decoy = self.place.link((OWN,), "--decoy")
        self.assertEqual(self.place.link((DURESS,)), decoy)
        self.assertIsNone(self.place.link((OWN,)))
        self.assertEqual(self.place.files(), plain.files())
        self.assertIsNone(self.away(self.place).link((DURESS,)))
        self.assertEqual((len(self.kept(self.place)), len(self.kept(plain))), (64, 64))

    def test_panic_forgets_it_and_a_copy_of_the_disk_opens_no_more(self):
        self.init(self.place)
        shutil.copytree(self.place.profile, f"{self.place.dir}/copy")
        self.assertEqual(len(self.kept(self.place)), 64)
        self.assertEqual(self.place.do((OWN,), "panic")[0], 0)
        self.assertEqual(os.listdir(self.place.profile), [])
        self.place.profile = f"{self.place.dir}/copy"
        self.assertEqual(self.kept(self.place), "")
        self.assertIn("desktop's keyring", self.place.do((OWN,), "id")[2])

    def test_an_export_is_bound_to_no_device_and_an_import_to_its_own(self):
        self.init(self.place)
        link, export = self.place.link((OWN,)), f"{self.place.dir}/export"
        self.assertEqual(self.place.do((OWN, OTHER), "export", export)[0], 0)
        free, bound = self.away(Place(self)), self.at_the_desktop()
        self.assertEqual(free.do((OTHER, OWN), "import", export)[0], 0)
        self.assertEqual(free.link((OWN,)), link)
        self.assertEqual(bound.do((OTHER, OWN), "--device", "import", export)[0], 0)
        self.assertEqual(bound.link((OWN,)), link)
        self.assertNotEqual(self.kept(bound), self.kept(self.place))
        self.assertIsNone(self.away(bound).link((OWN,)))


if __name__ == "__main__":
    unittest.main()
