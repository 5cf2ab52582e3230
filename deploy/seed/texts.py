"""Composes what is said: a title and a body from the fragments of a topic, in the voice of the kind of engagement."""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from services.contacts.reference import REFERENCE

TOPICS: Mapping[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "topics.toml").read_text())

HOSPITALS = ("Kingsbourne General", "Saltham Royal Infirmary", "Eastmere Hospital", "the Queen Maud Hospital")
HOMES = ("Larchfield House", "The Cedars", "Harbour Court", "St Winifred's", "Bourne Lodge", "Orchard Leigh")
STREETS = (
    "Albert Road", "Station Approach", "Tanner's Row", "Bridge Street", "Mill Lane", "The Parade", "Quay Street",
    "Cromwell Avenue", "Sheep Street", "Cathedral Close", "Gas Works Lane", "Windmill Rise", "Chapel Hill",
    "Ferry Road", "Long Acre", "Priory Walk",
)  # fmt: skip
WARDS = (
    "Nightingale ward", "Ward 7", "Ward 12", "the stroke unit", "the medical assessment unit", "Cavell ward",
    "the fracture clinic", "outpatients", "Seacole ward", "the children's ward", "Ward 3B", "the day surgery unit",
)  # fmt: skip
TOWNS = {
    "eastmere": ("Eastmere", "Fenby", "Mere Cross", "Little Abbot", "Holmsey"),
    "kingsbourne": ("Kingsbourne", "Northgate", "Harcourt", "St Oswald's", "Bourne End"),
    "marden-vale": ("Marden Bridge", "Upper Dene", "Watermeadow", "Little Marden", "Greenfields"),
    "saltham": ("Saltham", "West Quay", "St Brannock", "Dunes End", "Pier Head"),
    "thornwold": ("Thornwold", "Highmoor", "Drovers Cross", "Wold Top", "Quarry Bank"),
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
HOURS = ("half past eight", "ten past eight", "nine", "half past ten", "noon", "two o'clock", "four", "seven", "eight")
PRACTICES = {
    place.code: [each.name for each in REFERENCE.practices if each.locality == place.code]
    for place in REFERENCE.localities
}

# How each kind of engagement is titled when the topic's own headline is not used, and how its text opens and ends.
# {who}: the person's role; {subject}: what it is about; {talk}: what was said.
TITLES: Mapping[str, tuple[str, ...]] = {
    "conversation": ("Spoke about {subject}", "Conversation on {subject}", "A word in {town} about {subject}"),
    "meeting": ("Meeting on {subject}", "{town}: discussion of {subject}", "Notes of a meeting: {subject}"),
    "call": ("Rang about {subject}", "Call: {subject}", "Telephoned to ask about {subject}"),
    "email": ("E-mail about {subject}", "Re: {subject}", "Wrote in with a view on {subject}"),
    "letter": ("Letter about {subject}", "Wrote to the chair about {subject}", "A letter on {subject}"),
    "visit": ("Visit to {town}: {subject}", "Open surgery, {town}: {subject}", "Walkabout and {subject}"),
    "social_media": ("Posted about {subject}", "Comments on {subject}", "A thread on {subject}"),
    "enquiry": ("Enquiry about {subject}", "Asked about {subject}", "Where to turn about {subject}"),
    "complaint": ("Complaint about {subject}", "Unhappy with {subject}", "Formal complaint: {subject}"),
    "compliment": ("Thanks: {subject}", "Praise in connection with {subject}", "A thank-you: {subject}"),
    "story": ("A story about {subject}", "In their own words: {subject}", "What happened: {subject}"),
    "question": ("Question to the board on {subject}", "Public question: {subject}", "Asked of the board: {subject}"),
    "petition": ("Petition on {subject}", "{signatures} signatures on {subject}", "Petition from {town}: {subject}"),
    "foi_request": ("Freedom of Information: {subject}", "FOI request on {subject}", "Figures asked for: {subject}"),
    "attendance": ("Came to the event on {subject}", "At the drop-in in {town}: {subject}", "Took part: {subject}"),
    "survey_response": ("Survey answer on {subject}", "Comment card: {subject}", "Questionnaire: {subject}"),
    "other": ("Note on {subject}", "For information: {subject}", "Feedback on {subject}"),
}
BODIES: Mapping[str, tuple[str, ...]] = {
    "conversation": (
        "Met at {venue}. {talk} Would like {wish}.",
        "Stopped at our table in {venue}. {talk}",
        "{talk} Said that they had told nobody before. Hopes for {wish}.",
        "A long talk after the session at {venue}. {talk} Asked for {wish}, and whether anything would come of it.",
    ),
    "meeting": (
        "{attended} people at {venue}. Points raised: {talk} The meeting asked for {wish}. Next meeting in {month}.",
        "Agenda item 4. {talk} Action: reply to the group on {wish} by {month}.",
        "Present: {attended}. {talk} Views differed; most wanted {wish}. The chair will take it to the board.",
        "Held at {venue}, with hearing loop. {talk} Agreed to go on with this in {month}.",
    ),
    "call": (
        "Rang this morning. {talk} Would like {wish}. Promised to ring back by {day}.",
        "{talk} Was upset, and thanked us for listening. Passed to {desk}.",
        "Returned their call from {day}. {talk} Wants {wish}.",
        "Third call about this. {talk} Told how to complain; prefers to see first whether {desk} can help.",
    ),
    "email": (
        "Dear team,\n\n{talk}\n\nI should like {wish}.\n\nKind regards",
        "Hello,\n\nI live in {town} and use {practice}. {talk} Is there any chance of {wish}?",
        "{talk}\n\nPlease pass this to whoever decides. I would be glad of {wish}.\n\nMany thanks",
        "Following our e-mails in {month}: {talk} So far no answer from {desk}.",
    ),
    "letter": (
        "Dear Sir or Madam,\n\n{talk}\n\nI have lived in {town} for {years} years and have never written before. What "
        "I ask for is {wish}.\n\nYours faithfully",
        "Thank you for your letter of last month. {talk} I still hope for {wish}.\n\nYours sincerely",
        "I write on behalf of my neighbours on {street}. {talk}\n\nWe should welcome {wish}.",
    ),
    "visit": (
        "Spent the morning at {venue} in {town}. {talk} People asked for {wish}.",
        "Visited with a board member. {talk} Saw it for ourselves on the way out.",
        "Open surgery at {venue}: {attended} came in. {talk}",
    ),
    "social_media": (
        "{talk} #{town_tag}",
        "Why is nobody talking about {subject}? {talk}",
        "{talk} Shared {number} times by the evening; replies ask for {wish}.",
        "Our post on {subject} drew {attended} comments. The most liked: “{talk}”",
    ),
    "enquiry": (
        "Wanted to know whom to ask about {subject}. {talk} Signposted to {desk}.",
        "{talk} Asked about {wish}. Sent the leaflet and two telephone numbers.",
        "Came to the desk at {venue}. {talk} Answered at once; no further action.",
    ),
    "complaint": (
        "{talk} They expect {wish}, and an answer in writing.",
        "Complaint taken down by telephone and read back. {talk} Outcome sought: {wish}.",
        "{talk} It was reported to {desk} in {month} without result. Acknowledged within three working days.",
        "On behalf of a relative aged {age}, with consent. {talk} What would put it right: {wish}.",
    ),
    "compliment": (
        "{praise} Please tell them.",
        "{praise} After all that is written in the papers I wanted to say so.",
        "Card received with flowers for {ward}. {praise}",
        "{praise} Not everything was perfect: {lower_said} But the people were.",
    ),
    "story": (
        "“{talk} {praise}” Told to a volunteer at {venue}; may be used without the name.",
        "It began in {month}. {talk} Looking back, what was missing was {wish}.",
        "{praise} It had not always been like that. {talk}",
    ),
    "question": (
        "Will the board say what is being done about {subject}? {talk}",
        "{talk} Could the board explain the chances of {wish}?",
        "To the lay member for patients: {talk} When may we expect {wish}?",
    ),
    "petition": (
        "We, the undersigned, ask for {wish}. {talk} {signatures} signatures, collected at {venue}.",
        "{signatures} people in {town} have signed. {talk}",
    ),
    "foi_request": (
        "Please supply, for each of the last three years, the figures on {subject}. {talk}",
        "Under the Freedom of Information Act: all papers since {month} on {subject}, and any decision on {wish}.",
    ),
    "attendance": (
        "Signed in at {venue} with {attended} others. Wrote on the wall: “{said}”",
        "Came to the drop-in in {town}. {talk} Took a membership form.",
        "Joined the table on {subject}. {talk} Would come again.",
    ),
    "survey_response": (
        "What could be better? “{talk}” What one thing would you change? “{cap_wish}.”",
        "{said} Prefers {wish}.",
        "Comment card from {venue}: “{said} {praise}”",
        "Rating {rating} of 5. {talk}",
    ),
    "other": (
        "{talk}",
        "Passed on by a councillor for {town}. {talk} Constituents ask for {wish}.",
        "Mentioned in passing by a volunteer. {said}",
    ),
}  # fmt: skip
VENUES = (
    "the library", "the market", "the leisure centre", "the church hall", "the community centre on {street}",
    "{practice}", "the children's centre", "the farmers' market", "the mosque's open day", "the football ground",
    "the festival tent", "the carers' café", "the sixth-form college", "the job centre", "the WI hall",
    "the Polish club",
)  # fmt: skip
DESKS = (
    "the practice manager", "PALS", "the locality lead", "Healthwatch", "the contracts team", "the complaints manager",
    "the matron", "the transport provider", "the patient group's chair",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    title: str
    body: str


def compose(random: Random, topic: str, kind: str, locality: str, practice: str | None, mood: str) -> Text:
    """A title (at most 200 characters) and a body. `mood`: positive, negative, mixed or neutral."""
    fragments = TOPICS[topic]
    names = _names(random, locality, practice)
    said = random.sample(fragments["said"], random.choice((1, 1, 2, 2, 3)))
    praise = random.choice(fragments["praise"])
    talk = " ".join(_talk(random, fragments, said, praise, mood))
    wish = random.choice(fragments["wish"])
    names |= {
        "subject": _fill(random.choice(fragments["subject"]), names),
        "talk": _fill(talk, names),
        "said": _fill(said[0], names),
        "lower_said": _lower(_fill(said[0], names)),
        "wish": _fill(wish, names),
        "cap_wish": _capital(_fill(wish, names)),
        "praise": _fill(praise, names),
    }
    own_headline = (
        mood != "positive" and kind not in ("compliment", "petition", "foi_request") and random.random() < 0.55
    )
    title = random.choice(fragments["title"] if own_headline else TITLES[kind])
    if "{" not in title:
        title += random.choice(("", "", " ({town})", ", {month}", " – {practice}", ", says {town}"))
    return Text(_capital(_fill(title, names))[:200], _fill(random.choice(BODIES[kind]), names))


def _talk(random: Random, fragments: Mapping[str, Any], said: list[str], praise: str, mood: str) -> list[str]:
    if mood == "positive":
        return [praise]
    parts = list(said)
    if random.random() < 0.6:
        parts.append(random.choice(fragments["effect"]))
    if mood == "mixed":
        parts.append(f"That said: {_lower(praise)}")
    return parts


def _names(random: Random, locality: str, practice: str | None) -> dict[str, str]:
    """Names and figures, drawn once for each text so that it does not contradict itself."""
    town = random.choice(TOWNS[locality])
    street = random.choice(STREETS)
    practice = practice or random.choice(PRACTICES[locality])
    return {
        "hospital": random.choices(HOSPITALS, (5, 3, 3, 1))[0],
        "home": random.choice(HOMES),
        "practice": practice,
        "town": town,
        "town_tag": town.replace(" ", "").replace("'", ""),
        "street": street,
        "ward": random.choice(WARDS),
        "day": random.choice(DAYS),
        "month": random.choice(MONTHS),
        "hour": random.choice(HOURS),
        "venue": random.choice(VENUES).format(street=street, practice=practice),
        "desk": random.choice(DESKS),
        "bus": random.choice(("14", "X3", "27A", "9", "52")),
        **{name: str(random.randint(low, high)) for name, (low, high) in _FIGURES.items()},
    }


_FIGURES = {
    "minutes": (12, 95),
    "hours": (2, 9),
    "days": (2, 9),
    "weeks": (3, 31),
    "years": (3, 41),
    "pounds": (4, 60),
    "miles": (7, 38),
    "number": (9, 64),
    "age": (9, 94),
    "attended": (6, 85),
    "signatures": (38, 2_900),
    "rating": (1, 5),
}


def _fill(text: str, names: Mapping[str, str]) -> str:
    return string.Formatter().vformat(text, (), names)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    """The sentence as it goes on after a colon; names and acronyms keep their capitals."""
    first = text.split(" ", 1)[0]
    is_name = first.isupper() or first.rstrip(",.'s") in _PROPER or any(each in first for each in "0123456789£")
    return text if is_name else text[:1].lower() + text[1:]


_PROPER = {
    word for names in (HOSPITALS, HOMES, STREETS, WARDS, *TOWNS.values(), *PRACTICES.values()) for each in names
    for word in each.split()[:1]
} - {"The", "the", "outpatients"}  # fmt: skip
