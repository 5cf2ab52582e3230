"""Two contacts become one and two again: nothing is lost, nothing is invented, whatever happens in between."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.service import ContactsService
from shared.contracts.base import new_id
from shared.contracts.consent import GetConsents, RecordConsents
from shared.contracts.contacts import (
    ERASED_NAME,
    ChangeContact,
    Contact,
    ContactReference,
    GetContact,
    Identifier,
    RegisterContact,
    ResolveContacts,
)
from shared.contracts.erasure import EraseContact
from shared.contracts.merging import ContactsMerged, ContactsUnmerged, UnmergeContacts
from shared.errors import Conflict, Invalid, WellheardError
from shared.messaging.testbus import TestBus
from tests.builders import a_merge, a_new_contact, a_statement


class People:
    """The contacts service on a bus, and what one does with two who may be the same."""

    def __init__(self) -> None:
        self.bus = TestBus()
        self.repository = FakeContacts()
        self.service: ContactsService = self.bus.add(ContactsService(self.repository, FakeImports(), FakePreferences()))

    def register(self, name: str, **fields: Any) -> Contact:
        new = a_new_contact(name, **fields)
        return self.bus.call(RegisterContact(request_id=new_id(), contact=new, shared="email" in fields))

    def get(self, contact: Contact | str) -> Contact:
        contact_id = contact if isinstance(contact, str) else contact.contact_id
        return self.bus.call(GetContact(contact_id=contact_id))

    def merge(self, survivor: Contact, merged: Contact, request_id: str = "") -> Contact:
        return self.bus.call(a_merge(self.get(survivor), self.get(merged), request_id))

    def unmerge(self, survivor: Contact, merged: Contact) -> Contact:
        return self.bus.call(UnmergeContacts(survivor_id=survivor.contact_id, merged_id=merged.contact_id))

    def change(self, contact: Contact, **fields: Any) -> Contact:
        known = self.get(contact)
        emails = [each.value for each in known.identifiers if each.scheme == "email"]
        new = {"email": emails, "locality": known.locality, "groups": known.groups, "name": known.name} | fields
        asked = ChangeContact(
            contact_id=known.contact_id, version=known.version, contact=a_new_contact(**new), shared=True
        )
        return self.bus.call(asked)

    def say(self, contact: Contact | str, given: bool = True, **fields: Any) -> None:
        contact_id = contact if isinstance(contact, str) else contact.contact_id
        self.bus.call(RecordConsents(request_id=new_id(), statements=(a_statement(contact_id, given, **fields),)))

    def allows(self, contact: Contact | str) -> set[tuple[str, str]]:
        contact_id = contact if isinstance(contact, str) else contact.contact_id
        found = self.bus.call(GetConsents(contact_id=contact_id)).allowances
        return {(each.purpose, each.channel) for each in found if each.allowed}

    def resolve(self, scheme: str, value: str) -> tuple[str, ...]:
        reference = ContactReference(identifiers=((scheme, value),), name="Somebody")
        return self.bus.call(ResolveContacts(references=(reference,))).resolutions[0].contact_ids


def content(contact: Contact) -> dict[str, Any]:
    """A contact without what counts its changes."""
    return contact.model_dump(exclude={"version", "changed_at"})


@pytest.fixture
def people() -> People:
    return People()


def test_the_survivor_gets_what_it_lacks_and_keeps_its_own(people: People) -> None:
    ann = people.register("Ann Lee", email=["ann@example.org"], groups=["carers"])
    anne = people.register("Anne Lee", email=["anne@example.org"], groups=["media"], locality="eastmere")
    survivor = people.merge(ann, anne)
    assert (survivor.name, survivor.locality, survivor.groups) == ("Ann Lee", "eastmere", ("carers", "media"))
    assert [each.value for each in survivor.identifiers] == ["ann@example.org", "anne@example.org"]
    assert survivor.merged == (anne.contact_id,)
    assert people.get(anne).merged_into == ann.contact_id
    merged = people.bus.published[-1].data
    assert isinstance(merged, ContactsMerged)
    assert (merged.survivor, merged.merged_name) == (survivor, "Anne Lee")


def test_references_to_either_find_the_survivor(people: People) -> None:
    ann, anne = people.register("Ann", email=["ann@example.org"]), people.register("Anne", email=["anne@example.org"])
    cy = people.register("Cy")
    people.merge(ann, anne)
    for scheme, value in (("email", "anne@example.org"), ("contact_id", anne.contact_id)):
        assert people.resolve(scheme, value) == (ann.contact_id,)
    people.merge(cy, ann)
    assert people.resolve("contact_id", anne.contact_id) == (cy.contact_id,)
    assert people.get(cy).merged == (ann.contact_id, anne.contact_id)


def test_merge_and_unmerge_with_nothing_in_between_is_identity(people: People) -> None:
    ann = people.register("Ann Lee", email=["home@example.org", "ann@example.org"], groups=["carers"])
    anne = people.register("Anne Lee", email=["home@example.org"], groups=["media", "carers"], locality="eastmere")
    people.say(ann)
    people.say(anne, channel="post")
    before = [content(people.get(each)) for each in (ann, anne)]
    said = [people.bus.call(GetConsents(contact_id=each.contact_id)).consents for each in (ann, anne)]
    owners = people.repository.owners(["email:home@example.org", "email:ann@example.org"])
    people.merge(ann, anne)
    assert people.unmerge(ann, anne).contact_id == anne.contact_id
    assert [content(people.get(each)) for each in (ann, anne)] == before
    assert [people.bus.call(GetConsents(contact_id=each.contact_id)).consents for each in (ann, anne)] == said
    after = people.repository.owners(["email:home@example.org", "email:ann@example.org"])
    assert {key: set(each) for key, each in after.items()} == {key: set(each) for key, each in owners.items()}
    assert isinstance(people.bus.published[-2].data, ContactsUnmerged)
    assert people.repository.unsettled() == []


def test_what_has_been_changed_since_the_merge_stays_with_the_survivor(people: People) -> None:
    ann = people.register("Ann", email=["ann@example.org"], groups=["carers"])
    anne = people.register("Anne", email=["anne@example.org"], locality="eastmere", groups=["media"])
    people.merge(ann, anne)
    people.change(ann, name="Dr Ann", email=["anne@example.org", "new@example.org"], groups=["carers", "police"])
    people.unmerge(ann, anne)
    survivor, other = people.get(ann), people.get(anne)
    assert (survivor.name, survivor.locality, survivor.groups) == ("Dr Ann", None, ("carers", "police"))
    assert [each.value for each in survivor.identifiers] == ["new@example.org"]
    assert content(other) == content(anne)


def test_the_strictest_of_what_both_said_counts_while_they_are_one(people: People) -> None:
    ann, anne = people.register("Ann"), people.register("Anne")
    people.say(ann)
    people.say(anne, False, purpose="*", channel="*")
    people.merge(ann, anne)
    assert people.allows(ann) == set()
    people.unmerge(ann, anne)
    assert (people.allows(ann), people.allows(anne)) == ({("newsletter", "email")}, set())


def test_what_is_said_of_a_merged_contact_is_said_of_its_survivor_and_a_withdrawal_counts_for_both(
    people: People,
) -> None:
    ann, anne = people.register("Ann"), people.register("Anne")
    people.say(anne)
    people.merge(ann, anne)
    people.say(anne.contact_id, channel="post")
    assert people.allows(ann) == people.allows(anne.contact_id) == {("newsletter", "email"), ("newsletter", "post")}
    people.say(anne.contact_id, False, method="one_click")
    people.unmerge(ann, anne)
    assert people.allows(ann) == {("newsletter", "post")}
    assert people.allows(anne) == set()


def test_merges_are_undone_in_the_order_in_which_they_were_made(people: People) -> None:
    ann, bea, cy = (people.register(name) for name in ("Ann", "Bea", "Cy"))
    people.merge(ann, bea)
    people.merge(ann, cy)
    with pytest.raises(Conflict, match="Cy was merged after that"):
        people.unmerge(ann, bea)
    people.unmerge(ann, cy)
    people.unmerge(ann, bea)
    with pytest.raises(Conflict, match="not merged"):
        people.unmerge(ann, bea)


@pytest.mark.parametrize("which", ["itself", "twice", "into_a_tombstone"])
def test_what_cannot_be_merged_is_refused(people: People, which: str) -> None:
    ann, bea, cy = (people.register(name) for name in ("Ann", "Bea", "Cy"))
    people.merge(ann, bea)
    pairs = {"itself": (ann, ann), "twice": (cy, bea), "into_a_tombstone": (bea, cy)}
    with pytest.raises((Conflict, Invalid)):
        people.merge(*pairs[which])


def test_a_form_sent_twice_merges_once_and_one_of_an_older_page_is_refused(people: People) -> None:
    ann, bea = people.register("Ann"), people.register("Bea")
    asked = a_merge(ann, bea)
    assert people.bus.call(asked) == people.bus.call(asked)
    cy = people.change(people.register("Cy"), name="Cyril")
    with pytest.raises(Conflict, match="Somebody else"):
        people.bus.call(
            asked.model_copy(
                update={"request_id": "s", "survivor_version": 2, "merged_id": cy.contact_id, "merged_version": 1}
            )
        )


def test_a_merge_that_a_process_left_half_done_goes_on_by_itself(people: People) -> None:
    ann, anne = people.register("Ann"), people.register("Anne", email=["anne@example.org"])
    absorb = people.repository.absorb

    def die(*_: Any) -> bool:
        people.repository.absorb = absorb  # type: ignore[method-assign]
        raise RuntimeError("killed")

    people.repository.absorb = die  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        people.merge(ann, anne)
    assert people.get(anne).merged_into == ann.contact_id
    people.service.settle_merges()
    assert people.get(ann).merged == (anne.contact_id,)
    assert people.resolve("email", "anne@example.org") == (ann.contact_id,)
    assert people.repository.unsettled() == []


# -- any sequence -----------------------------------------------------------------------------------

EMAILS = [f"{letter}@example.org" for letter in "abcd"]
GROUPS = ["carers", "media", "police"]
few_emails = st.sets(st.sampled_from(EMAILS), max_size=3)
some_groups = st.sets(st.sampled_from(GROUPS))


class Model:
    """A contact as the simplest account of it has it."""

    def __init__(self, emails: frozenset[str], groups: frozenset[str], locality: str | None) -> None:
        self.emails, self.groups, self.locality = emails, groups, locality
        self.said: list[tuple[int, bool]] = []
        self.merges: list[tuple[int, Model, Model]] = []
        """(who was merged, this one before, this one after)"""
        self.merged_into: int | None = None
        self.erased = False

    def copy(self) -> "Model":
        other = Model(self.emails, self.groups, self.locality)
        other.said = list(self.said)
        return other

    def allows(self) -> bool:
        return bool(self.said) and max(self.said)[1]


class Sequences(RuleBasedStateMachine):
    """Register, change, consent, merge, un-merge and erase in any order agree with the model."""

    @initialize()
    def begin(self) -> None:
        self.people = People()
        self.contacts: list[Contact] = []
        self.models: list[Model] = []
        self.clock = 0

    def living(self) -> list[int]:
        return [number for number, each in enumerate(self.models) if each.merged_into is None and not each.erased]

    def survivor_of(self, number: int) -> int:
        into = self.models[number].merged_into
        return number if into is None else self.survivor_of(into)

    @precondition(lambda self: len(self.contacts) < 5)
    @rule(
        emails=st.sets(st.sampled_from(EMAILS), max_size=2),
        groups=st.sets(st.sampled_from(GROUPS)),
        north=st.booleans(),
    )
    def register(self, emails: set[str], groups: set[str], north: bool) -> None:
        locality = "eastmere" if north else None
        self.contacts.append(
            self.people.register("Ann", email=sorted(emails), groups=sorted(groups), locality=locality)
        )
        self.models.append(Model(frozenset(emails), frozenset(groups), locality))

    @precondition(lambda self: self.living())
    @rule(data=st.data(), emails=few_emails, groups=some_groups)
    def change(self, data: st.DataObject, emails: set[str], groups: set[str]) -> None:
        number = data.draw(st.sampled_from(self.living()))
        self.people.change(self.contacts[number], email=sorted(emails), groups=sorted(groups))
        self.models[number].emails, self.models[number].groups = frozenset(emails), frozenset(groups)

    @precondition(lambda self: self.living())
    @rule(data=st.data(), given=st.booleans())
    def say(self, data: st.DataObject, given: bool) -> None:
        number = data.draw(st.sampled_from(self.living()))
        self.clock += 1
        self.people.say(self.contacts[number], given)
        self.models[number].said.append((self.clock, given))

    @precondition(lambda self: len(self.living()) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        one, other = data.draw(st.lists(st.sampled_from(self.living()), min_size=2, max_size=2, unique=True))
        self.people.merge(self.contacts[one], self.contacts[other])
        survivor, merged = self.models[one], self.models[other]
        before = survivor.copy()
        survivor.emails |= merged.emails
        survivor.groups |= merged.groups
        survivor.locality = survivor.locality or merged.locality
        survivor.said = sorted({*survivor.said, *merged.said})
        survivor.merges.append((other, before, survivor.copy()))
        merged.merged_into = one

    @precondition(lambda self: any(self.models[each].merges for each in self.living()))
    @rule(data=st.data())
    def unmerge(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from([each for each in self.living() if self.models[each].merges]))
        survivor = self.models[one]
        other, before, after = survivor.merges.pop()
        self.people.unmerge(self.contacts[one], self.contacts[other])
        survivor.emails = (survivor.emails & before.emails) | (survivor.emails - after.emails)
        survivor.groups = (survivor.groups & before.groups) | (survivor.groups - after.groups)
        if survivor.locality == after.locality:
            survivor.locality = before.locality
        since = [each for each in survivor.said if each not in after.said]
        survivor.said = sorted({*before.said, *since})
        self.models[other].said = sorted({*self.models[other].said, *(each for each in since if not each[1])})
        self.models[other].merged_into = None

    @precondition(lambda self: self.models)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        """Also by the id of one that was merged; all that stand for the same person go together."""
        number = data.draw(st.sampled_from(range(len(self.models))))
        family = [each for each in range(len(self.models)) if self.survivor_of(each) == self.survivor_of(number)]
        erased = self.people.bus.call(EraseContact(contact_id=self.contacts[number].contact_id))
        assert set(erased.contact_ids) == {self.contacts[each].contact_id for each in family}
        for each in family:
            self.models[each].erased, self.models[each].emails = True, frozenset()

    @rule(number=st.integers(0, 4))
    def merge_with_itself(self, number: int) -> None:
        if number < len(self.contacts):
            with pytest.raises(WellheardError):
                self.people.merge(self.contacts[number], self.contacts[number])

    @invariant()
    def agrees(self) -> None:
        for number, model in enumerate(getattr(self, "models", ())):
            found = self.people.get(self.contacts[number])
            assert {each.value for each in found.identifiers} == model.emails
            assert (set(found.groups), found.locality) == (model.groups, model.locality)
            into = model.merged_into
            assert found.merged_into == (None if into is None else self.contacts[into].contact_id)
            assert (found.erased, found.name) == (model.erased, ERASED_NAME if model.erased else "Ann")
            if into is None and not model.erased:
                assert bool(self.people.allows(found)) == model.allows()

    @invariant()
    def every_address_leads_to_exactly_those_who_carry_it(self) -> None:
        for email in EMAILS:
            carriers = {
                self.contacts[number].contact_id
                for number in (self.living() if hasattr(self, "models") else ())
                if email in self.models[number].emails
            }
            if carriers:
                assert set(self.people.resolve("email", email)) == carriers


Sequences.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestAnySequence = Sequences.TestCase


def test_identifiers_are_compared_with_whose_they_are() -> None:
    one = Identifier(scheme="partner", value="7", partner="St Agnes")
    assert one != Identifier(scheme="partner", value="7", partner="Council")
