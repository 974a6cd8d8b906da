# SPDX-License-Identifier: AGPL-3.0-or-later
"""Goal: 32 people, the most there may be in a group, invite, join and hear each other there, each in the order of who writes."""
import concurrent.futures
import json
import re

from people import Town

MOST, TEXTS = 32, ("one", "two", "three")


class Crowd(Town):
    def test_thirty_two_people_hear_each_other_in_a_group_and_one_more_is_refused(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            crowd = list(pool.map(self.person, [f"p{i}-" for i in range(MOST + 1)]))
            links = list(pool.map(lambda person: person.link(), crowd))
            maker, *others = crowd
            list(pool.map(lambda person: person.do("add", maker.name, links[0]), others))
            for person, link in zip(others, links[1:]):
                maker.do("add", person.name, link)
            maker.do("group", "new", "all")
            *others, one_more = others
            for person in others:
                maker.do("group", "invite", "all", person.name)
            self.assertIn("at most 32", maker.run("group", "invite", "all", one_more.name).stderr)
            for words in (("recv",), ("group", "join", "all"), ("recv",), ("recv",), ("recv",)):
                list(pool.map(lambda person, say=words: person.do(*say), others)) # whoever joins tells all, who answer
                maker.do("recv")
            for person in (maker, *others):
                group, = map(json.loads, person.do("--json", "group").splitlines())
                self.assertEqual([member["joined"] for member in group["members"]], [True] * (MOST - 1))
            for text in TEXTS:
                for person in (maker, others[-1]):
                    person.do("group", "send", "all", text)
            list(pool.map(lambda person: person.do("recv"), (maker, *others)))
        for person in (maker, *others):
            heard = re.findall(r"^all(?:/(\S+) >| <) (.*)$", person.do("group", "log", "all"), re.M)
            said = {}
            for who, text in heard:
                if text in TEXTS:
                    said.setdefault(who, []).append(text)
            self.assertEqual(list(said.values()), [list(TEXTS)] * 2, person.name)
