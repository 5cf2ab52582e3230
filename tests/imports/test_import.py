"""An import says beforehand what it would do, does exactly that once, and can be taken back."""

import pytest

from shared.contracts.consent import GetConsents, RecordConsents, Statement
from shared.contracts.contacts import ChangeContact, ContactRegistered, ContactWithdrawn
from shared.contracts.imports import CancelImport, GetImport, JudgeImport, RevertImport, RunImport
from shared.errors import Conflict, Invalid
from tests.builders import a_new_contact
from tests.imports.story import Officer, row


@pytest.fixture
def officer() -> Officer:
    return Officer()


def test_columns_are_guessed_and_shown_with_examples(officer: Officer) -> None:
    draft = officer.upload(row("Ann Lee", "ann@x.org"), row("Bob", "bob@x.org"), row("Cy"), row("Dee"))
    assert (draft.state, draft.rows, draft.columns[0].examples) == ("draft", 4, ("Ann Lee", "Bob", "Cy"))
    assert [each.guess.meaning for each in draft.columns] == [
        "name", "email", "phone", "locality", "groups", "consent", "consented_on",
    ]  # fmt: skip


def test_a_dry_run_says_what_each_row_would_do_and_does_nothing(officer: Officer) -> None:
    mary = officer.knows(email=("mary@x.org",))
    officer.knows("Bob Hill", email=("bob@x.org",))
    judged = officer.judge(
        officer.upload(
            row("Ann Lee", "ann@x.org"),
            row("Mary Okafor", "MARY@x.org", "0113 496 0123"),
            row("Bob Hill", "bob@x.org"),
            row("Robert Other", "bob@x.org"),
            row("Eve", "not an address", locality="Eastmeer"),
        )
    )
    assert judged.counts == {"new": 1, "changed": 1, "unchanged": 1, "duplicate": 1, "faulty": 1}
    (changed,) = officer.results(judged, "changed")
    assert [(each.field, each.after) for each in changed.changes] == [("identifiers", "mary@x.org, +441134960123")]
    (faulty,) = officer.results(judged, "faulty")
    assert faulty.reasons == (
        "The locality “Eastmeer” is not known. Did you mean “Eastmere”?",
        "“not an address” is not an e-mail address.",
    )
    (duplicate,) = officer.results(judged, "duplicate")
    assert "Bob Hill, who has another name" in duplicate.reasons[0]
    assert officer.contact(mary.contact_id) == mary
    assert officer.contacts.owners(["email:ann@x.org"]) == {}


def test_a_run_registers_changes_and_records_consents(officer: Officer) -> None:
    mary = officer.knows(email=("mary@x.org",))
    done = officer.imported(
        row("Ann Lee", "ann@x.org", newsletter="yes", on="12/03/2014", locality="Eastmere", groups="Carers; media"),
        row("Mary Okafor", "mary@x.org", "0113 496 0123", newsletter="no", on="2014-03-12"),
    )
    assert (done.state, done.counts, done.consents) == ("finished", {"new": 1, "changed": 1}, 2)
    ann = officer.owner("ann@x.org")
    assert (ann.name, ann.locality, ann.groups) == ("Ann Lee", "eastmere", ("carers", "media"))
    (said,) = officer.bus.call(GetConsents(contact_id=ann.contact_id)).consents
    assert (said.given, said.at.isoformat(), said.method) == (True, "2014-03-12T00:00:00+00:00", "paper_form")
    assert said.evidence.startswith("Paper forms, box 12 (panel.csv, row 2; imp_")
    assert len(officer.contact(mary.contact_id).identifiers) == 2
    assert [each.registered_by for each in registrations(officer)][-1] == "anna"
    assert [each.through for each in registrations(officer)][-1] == "panel.csv, row 2"


def test_the_same_file_again_changes_nothing(officer: Officer) -> None:
    rows = [row(f"Person {n}", f"p{n}@x.org", newsletter="yes", on="1 March 2014") for n in range(5)]
    officer.imported(*rows)
    again = officer.imported(*rows)
    assert (again.counts, again.consents) == ({"unchanged": 5}, 0)


def test_rows_of_one_file_about_one_person_become_one_contact(officer: Officer) -> None:
    draft = officer.upload(
        row("Ann Lee", "ann@x.org"), row("Ann Lee", "ann@x.org", "0113 496 0123"), row("Ann Lee", "", "0113 496 0123"),
        window=1,
    )  # fmt: skip
    judged = officer.judge(draft)
    done = officer.run(judged)
    assert judged.counts == done.counts == {"new": 1, "changed": 1, "unchanged": 1}
    assert len(registrations(officer)) == 1


def test_known_contacts_can_be_refused_or_registered_beside_them(officer: Officer) -> None:
    known = officer.knows(email=("mary@x.org",))
    refused = officer.imported(row("Mary Okafor", "mary@x.org", "0113 496 0123"), duplicates="refuse")
    assert refused.counts == {"duplicate": 1}
    assert officer.contact(known.contact_id) == known
    beside = officer.imported(row("Mary Okafor", "mary@x.org"), duplicates="separate")
    assert beside.counts == {"new": 1}
    assert len(officer.contacts.owners(["email:mary@x.org"])["email:mary@x.org"]) == 2


def test_a_partners_event_that_was_faster_makes_the_row_an_update(officer: Officer) -> None:
    judged = officer.judge(officer.upload(row("Mary Okafor", "mary@x.org", "0113 496 0123")))
    known = officer.knows(email=("mary@x.org",))
    assert judged.counts == {"new": 1}
    assert officer.run(judged).counts == {"changed": 1}
    assert len(officer.contact(known.contact_id).identifiers) == 2


def test_whoever_asks_again_because_no_answer_came_is_told_how_it_stands(officer: Officer) -> None:
    judged = officer.judge(officer.upload(row("Ann Lee", "ann@x.org")))
    run = RunImport(import_id=judged.import_id, version=judged.version, by="anna")
    begun = officer.bus.call(run)
    assert officer.bus.call(run) == begun
    done = officer.wait(begun)
    assert officer.bus.call(run) == done
    with pytest.raises(Conflict):  # that was somebody else
        officer.bus.call(run.model_copy(update={"by": "bert"}))
    back = RevertImport(import_id=done.import_id, version=done.version, by="anna")
    officer.bus.call(back)
    assert officer.wait(officer.bus.call(back)).state == "reverted"
    assert len(registrations(officer)) == 1


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"wording": ""}, "word for word"),
        ({"evidence": ""}, "where the proof"),
        ({"uses": ()}, "each of the 7 columns"),
    ],
)
def test_settings_that_cannot_be_used_say_why(officer: Officer, settings: dict[str, object], sentence: str) -> None:
    draft = officer.upload(row("Ann Lee", "ann@x.org", newsletter="yes", on="12/03/2014"))
    with pytest.raises(Invalid, match=sentence):
        officer.judge(draft, **settings)


def test_what_was_imported_is_taken_back(officer: Officer) -> None:
    mary = officer.knows(email=("mary@x.org",))
    done = officer.imported(
        row("Ann Lee", "ann@x.org", newsletter="yes", on="12/03/2014"),
        row("Mary Okafor", "mary@x.org", "0113 496 0123", newsletter="yes", on="12/03/2014", groups="carers"),
    )
    ann = officer.owner("ann@x.org")
    reverted = officer.revert(done)
    assert (reverted.state, reverted.kept) == ("reverted", 0)
    assert officer.contact(ann.contact_id).withdrawn
    assert officer.contacts.owners(["email:ann@x.org", "phone:+441134960123"]) == {}
    now = officer.contact(mary.contact_id)
    assert (now.identifiers, now.groups) == (mary.identifiers, ())
    for contact_id in (ann.contact_id, mary.contact_id):
        consents = officer.bus.call(GetConsents(contact_id=contact_id))
        assert not any(each.allowed for each in consents.allowances)
        assert consents.consents[0].evidence.startswith("Import taken back (panel.csv, row ")
    (event,) = [each.data for each in officer.bus.published if isinstance(each.data, ContactWithdrawn)]
    assert (event.withdrawn_by, event.through) == ("anna", "panel.csv, row 2")


def test_what_somebody_touched_since_stays_and_is_listed(officer: Officer) -> None:
    mary = officer.knows(email=("mary@x.org",))
    done = officer.imported(
        row("Ann Lee", "ann@x.org"),
        row("Bob Hill", "bob@x.org"),
        row("Mary Okafor", "mary@x.org", "0113 496 0123", groups="carers"),
    )
    ann, bob = officer.owner("ann@x.org"), officer.owner("bob@x.org")
    renamed = a_new_contact("Ann Leigh", email=("ann@x.org",))
    officer.bus.call(ChangeContact(contact_id=ann.contact_id, version=1, contact=renamed))
    said = Statement(
        contact_id=bob.contact_id, purpose="survey", channel="post", given=True, method="phone_call", wording="May we?"
    )
    officer.bus.call(RecordConsents(request_id="bob", statements=(said,)))
    regrouped = a_new_contact(email=("mary@x.org",), phone=("0113 496 0123",), groups=("media",))
    officer.bus.call(ChangeContact(contact_id=mary.contact_id, version=2, contact=regrouped))
    reverted = officer.revert(done)
    assert reverted.kept == 3
    assert [each.row.number for each in officer.results(reverted, kept=True)] == [2, 3, 4]
    assert not officer.contact(ann.contact_id).withdrawn
    assert not officer.contact(bob.contact_id).withdrawn
    assert officer.contact(mary.contact_id).groups == ("media",)
    assert officer.contact(mary.contact_id).identifiers == mary.identifiers


def test_a_withdrawal_that_was_imported_is_never_undone(officer: Officer) -> None:
    officer.knows(email=("mary@x.org",))
    done = officer.imported(row("Mary Okafor", "mary@x.org", newsletter="no", on="12/03/2014"))
    reverted = officer.revert(done)
    (result,) = officer.results(reverted, kept=True)
    assert result.kept == ("A withdrawal of consent stays: only the person can allow it again.",)


def test_of_a_draft_that_is_discarded_no_row_stays(officer: Officer) -> None:
    draft = officer.upload(row("Ann Lee", "ann@x.org"))
    gone = officer.bus.call(CancelImport(import_id=draft.import_id, by="anna"))
    assert (gone.state, officer.results(draft)) == ("discarded", ())


def test_an_import_runs_once(officer: Officer) -> None:
    judged = officer.judge(officer.upload(row("Ann Lee", "ann@x.org")))
    officer.run(judged)
    with pytest.raises(Conflict):
        officer.bus.call(RunImport(import_id=judged.import_id, version=judged.version))
    with pytest.raises(Conflict):
        officer.bus.call(CancelImport(import_id=judged.import_id))


def test_who_did_what_is_kept(officer: Officer) -> None:
    done = officer.imported(row("Ann Lee", "ann@x.org"))
    kept = officer.bus.call(GetImport(import_id=done.import_id)).acts
    assert [(each.what, each.by) for each in kept] == [
        ("uploaded", "anna"), ("asked for a dry run", "anna"), ("ran", "anna"),
    ]  # fmt: skip


def test_only_a_draft_or_a_dry_run_is_judged(officer: Officer) -> None:
    done = officer.imported(row("Ann Lee", "ann@x.org"))
    with pytest.raises(Conflict):
        officer.bus.call(JudgeImport(import_id=done.import_id, version=done.version, settings=done.settings))


def registrations(officer: Officer) -> list[ContactRegistered]:
    return [each.data for each in officer.bus.published if isinstance(each.data, ContactRegistered)]
