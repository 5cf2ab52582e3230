"""The people and organisations of the demo county. The same number of the same seed is always the same contact."""

from bisect import bisect
from functools import cache, lru_cache
from itertools import accumulate
from random import Random

from faker import Faker

from deploy.seed.texts import TOWNS
from services.contacts.reference import REFERENCE
from shared.contracts.contacts import NewContact

ORGANISATION_SHARE = 0.13

# Weights of groups among people: most are patients or residents, a few hold an office.
_PERSON_GROUPS = {
    "residents": 26, "patients": 30, "carers": 11, "older-people": 9, "disabled-people": 6, "young-people": 5,
    "minority-ethnic": 4, "travellers": 1, "faith-groups": 2, "patient-groups": 6, "community-leaders": 2, "elected": 2,
    "general-practice": 6, "secondary-care": 3, "other-clinicians": 2, "own-staff": 2, "commissioning-support": 1,
    "media": 1, "healthwatch": 1, "professional-committees": 1,
}  # fmt: skip
_ORGANISATIONS: tuple[tuple[int, tuple[str, ...], tuple[str, ...]], ...] = (
    (14, ("Friends of {town} Hospital", "{town} Community Shop", "{town} Good Neighbours"), ("grassroots",)),
    (
        14,
        ("{town} Carers' Group", "{town} Lunch Club", "{town} Men's Shed"),
        ("local-voluntary", "voluntary-community"),
    ),
    (8, ("Mardenshire Sight Society", "Mardenshire Advocacy", "Mardenshire Rural Transport"), ("third-sector",)),
    (12, ("{practice} Patient Group",), ("patient-groups",)),
    (10, ("{practice}",), ("general-practice",)),
    (6, ("St {saint}'s Church, {town}", "{town} Islamic Centre", "{town} Methodist Circuit"), ("faith-groups",)),
    (5, ("{town} Primary School", "{town} Academy", "{town} Sixth-Form College"), ("young-people",)),
    (5, ("{town} Town Council", "{town} Parish Council"), ("local-authorities", "elected")),
    (4, ("{town} Residents' Association",), ("communities-of-place", "grassroots")),
    (4, ("Save {town} Treatment Centre", "{town} Bus Users"), ("pressure-groups",)),
    (3, ("{town} Gazette", "Radio {town}", "The {town} Journal"), ("media",)),
    (3, ("{surname} & Sons", "{town} Business Partnership", "{surname} Foods"), ("employers",)),
    (2, ("{town} Over-50s Forum",), ("older-people", "local-voluntary")),
    (1, ("{town} Police Station", "{town} Fire Station"), ("police",)),
    (1, ("{town} Wellbeing Board",), ("wellbeing-boards",)),
)
_SAINTS = ("Aidan", "Brannock", "Clare", "Edmund", "Giles", "Hilda", "Mark", "Oswald", "Winifred")
# Numbers that Ofcom keeps for drama: nobody's phone rings.
_DRAMA = (("01632960", 3), ("07700900", 3), ("02079460", 3), ("01134960", 3), ("01214960", 3), ("01614960", 3))
_LOCALES = {"en_GB": 84, "en_IN": 7, "pl_PL": 4, "pt_PT": 2, "ga_IE": 1, "tr_TR": 2}


class County:
    """Contacts 0 to `size` - 1, made when asked for."""

    def __init__(self, seed: int, size: int) -> None:
        self.seed = seed
        self.size = size
        # A few are heard again and again, most once or twice: weight 1 / rank ** 0.7, in an order of its own.
        self._ranks = list(accumulate(1 / (rank + 3) ** 0.7 for rank in range(size)))
        self._stride = _coprime(size)

    def contact(self, number: int) -> NewContact:
        return _contact(self.seed, number)

    def pick(self, random: Random) -> int:
        """The number of a contact that takes part; some far more often than others."""
        rank = bisect(self._ranks, random.random() * self._ranks[-1])
        return (min(rank, self.size - 1) * self._stride + 7) % self.size


def _coprime(size: int) -> int:
    """Spreads the ranks over all contacts without a table."""
    return next(step for step in range(int(size * 0.618) | 1, 2 * size + 3, 2) if _gcd(step, size) == 1)


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


@lru_cache(maxsize=20_000)
def _contact(seed: int, number: int) -> NewContact:
    random = Random(f"{seed}:contact:{number}")
    locality = random.choices(REFERENCE.localities, [each.population or 0 for each in REFERENCE.localities])[0].code
    if random.random() < ORGANISATION_SHARE:
        return _organisation(random, number, locality)
    return _person(random, number, locality)


def _person(random: Random, number: int, locality: str) -> NewContact:
    fake = _faker(random.choices(list(_LOCALES), list(_LOCALES.values()))[0])
    fake.seed_instance(random.getrandbits(32))
    first, last = fake.first_name(), fake.last_name()
    groups = random.choices(list(_PERSON_GROUPS), list(_PERSON_GROUPS.values()), k=random.choice((1, 1, 1, 2, 2, 3)))
    practices = [each for each in REFERENCE.practices if each.locality == locality]
    return NewContact(
        name=f"{first} {last}",
        email=(_email(random, first, last, number),) if random.random() < 0.72 else (),
        phone=_phone(number) if random.random() < 0.55 else (),
        locality=locality if random.random() < 0.94 else None,
        practice=random.choice(practices).code if random.random() < 0.7 else None,
        groups=tuple(dict.fromkeys(groups)),
    )


def _organisation(random: Random, number: int, locality: str) -> NewContact:
    _, patterns, groups = random.choices(_ORGANISATIONS, [weight for weight, _, _ in _ORGANISATIONS])[0]
    fake = _faker("en_GB")
    fake.seed_instance(random.getrandbits(32))
    practice = random.choice([each for each in REFERENCE.practices if each.locality == locality])
    name = random.choice(patterns).format(
        town=random.choice(TOWNS[locality]),
        practice=practice.name,
        surname=fake.last_name(),
        saint=random.choice(_SAINTS),
    )
    slug = "".join(each for each in name.lower() if each.isascii() and each.isalnum())
    return NewContact(
        kind="organisation",
        name=name,
        email=(f"office{number}@{slug[:40]}.example",),
        phone=_phone(number) if random.random() < 0.6 else (),
        locality=locality,
        groups=groups,
    )


def _email(random: Random, first: str, last: str, number: int) -> str:
    """Unique by its number; some are of the unusual but valid kinds that forms like to refuse."""
    plain = [_ascii(first), _ascii(last)]
    pattern = random.choices(("{0}.{1}{2}@{3}", "{1}{2}@{3}", "{0}{2}+news@{3}", '"{0} {1}{2}"@{3}'), (70, 24, 5, 1))[0]
    domain = random.choice(
        ("example.org", "example.com", "example.net", "post.example", "marden.example", "bücher.example")
    )
    return pattern.format(*plain, number, domain)


def _ascii(name: str) -> str:
    return "".join(each for each in name.lower() if each.isascii() and each.isalnum()) or "x"


def _phone(number: int) -> tuple[str, ...]:
    """One of the numbers reserved for drama, while there are any."""
    prefix, digits = _DRAMA[number % len(_DRAMA)]
    serial = number // len(_DRAMA)
    return (f"{prefix}{serial:0{digits}}",) if serial < 10**digits else ()


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)
