"""Localities, practices and stakeholder groups: reference data, the same for everyone.

The county is invented; its shape is that of the source documents: five localities, 57 practices (another page of
the same source counts 56, of which 52 have a patient group), three broad groups of stakeholders that overlap.
"""

from shared.contracts.contacts import Group, Place, Reference

COUNTY = "Mardenshire"

PUBLIC = "public_community"
INFLUENCERS = "influencers"
PARTNERS = "partners"

_LOCALITIES = (
    ("eastmere", "Eastmere", 128_400),
    ("kingsbourne", "Kingsbourne", 164_900),
    ("marden-vale", "Marden Vale", 87_300),
    ("saltham", "Saltham and the Coast", 109_700),
    ("thornwold", "Thornwold", 61_200),
)

_PRACTICES = {
    "eastmere": (
        "Abbey Lane Surgery",
        "Beacon Medical Centre",
        "Canal Street Practice",
        "Cherry Orchard Surgery",
        "Eastmere Family Practice",
        "Fenside Health Centre",
        "Lakeside Surgery",
        "Market Hill Medical Practice",
        "Mere Road Surgery",
        "Old Mill Practice",
        "Priory Gate Surgery",
        "St Aidan's Medical Centre",
    ),
    "kingsbourne": (
        "Albert Road Surgery",
        "Bourne Valley Practice",
        "Castle Street Health Centre",
        "Crown Heights Medical Centre",
        "Guildhall Walk Practice",
        "Harcourt Terrace Surgery",
        "Kingsbourne Central Practice",
        "Linden Avenue Surgery",
        "Northgate Medical Centre",
        "Queen's Park Practice",
        "Railway Street Surgery",
        "St Oswald's Practice",
        "University Health Centre",
        "Victoria Gardens Surgery",
    ),
    "marden-vale": (
        "Ash Tree Surgery",
        "Church Lane Practice",
        "Greenfields Medical Practice",
        "Little Marden Surgery",
        "Marden Bridge Health Centre",
        "Orchard End Surgery",
        "Riverside Practice",
        "The Dene Surgery",
        "Vale View Medical Centre",
        "Watermeadow Practice",
    ),
    "saltham": (
        "Cliff Road Surgery",
        "Coastguard Lane Practice",
        "Dunes Medical Centre",
        "Harbour View Practice",
        "Lighthouse Surgery",
        "Marine Parade Practice",
        "Pier Street Surgery",
        "Saltham Health Centre",
        "Sandpiper Surgery",
        "Seaview Medical Practice",
        "St Brannock's Surgery",
        "West Quay Practice",
    ),
    "thornwold": (
        "Blackthorn Surgery",
        "Drovers Way Practice",
        "Highmoor Surgery",
        "Hill Farm Medical Centre",
        "Market Place Surgery",
        "Moorland Practice",
        "Quarry Bank Surgery",
        "Thornwold Health Centre",
        "Wold Top Practice",
    ),
}

# (code, name, broad groups). Some stand in two broad groups: the overlap is real, in the sources too.
_GROUPS = (
    ("residents", "Residents", (PUBLIC,)),
    ("patients", "Patients and service users", (PUBLIC,)),
    ("carers", "Carers", (PUBLIC,)),
    ("communities-of-place", "Communities of place", (PUBLIC,)),
    ("travellers", "Gypsy, Roma and Traveller communities", (PUBLIC,)),
    ("young-people", "Teenagers and young people", (PUBLIC,)),
    ("older-people", "Older people", (PUBLIC,)),
    ("disabled-people", "Disabled people", (PUBLIC,)),
    ("faith-groups", "Faith groups", (PUBLIC,)),
    ("minority-ethnic", "Minority ethnic communities", (PUBLIC,)),
    ("grassroots", "Grassroots organisations", (PUBLIC,)),
    ("local-voluntary", "Locally run voluntary groups", (PUBLIC,)),
    ("third-sector", "Larger third-sector organisations with local links", (PUBLIC,)),
    ("healthwatch", "Healthwatch", (INFLUENCERS,)),
    ("elected", "Elected politicians", (INFLUENCERS,)),
    ("wellbeing-boards", "Health and wellbeing boards", (INFLUENCERS, PARTNERS)),
    ("scrutiny", "Overview and scrutiny committees", (INFLUENCERS,)),
    ("community-leaders", "Community and faith leaders", (PUBLIC, INFLUENCERS)),
    ("professional-committees", "Local professional committees", (INFLUENCERS,)),
    ("patient-groups", "Patient participation and reference groups", (PUBLIC, INFLUENCERS)),
    ("voluntary-community", "Voluntary and community organisations", (PUBLIC, INFLUENCERS)),
    ("pressure-groups", "Interest and pressure groups", (INFLUENCERS,)),
    ("media", "Media", (INFLUENCERS,)),
    ("own-staff", "Own staff", (PARTNERS,)),
    ("commissioning-support", "Commissioning support staff", (PARTNERS,)),
    ("general-practice", "GPs and practice staff", (PARTNERS,)),
    ("secondary-care", "Secondary-care clinicians", (PARTNERS,)),
    ("other-clinicians", "Other clinicians", (PARTNERS,)),
    ("provider-trusts", "Provider trusts", (PARTNERS,)),
    ("neighbouring-bodies", "Neighbouring commissioning bodies", (PARTNERS,)),
    ("local-authorities", "Local authorities", (PARTNERS,)),
    ("national-board", "National commissioning board", (PARTNERS,)),
    ("strategic-authority", "Strategic authority", (PARTNERS,)),
    ("regulators", "Regulators", (PARTNERS,)),
    ("police", "Police", (PARTNERS,)),
    ("fire-rescue", "Fire and rescue", (PARTNERS,)),
    ("university", "University", (PARTNERS,)),
    ("employers", "Major employers and business partnerships", (PARTNERS,)),
)


def _practices() -> tuple[Place, ...]:
    places = ((locality, name) for locality, names in _PRACTICES.items() for name in names)
    return tuple(
        Place(code=f"practice-{number:02}", name=name, locality=locality)
        for number, (locality, name) in enumerate(places, start=1)
    )


REFERENCE = Reference(
    localities=tuple(Place(code=code, name=name, population=people) for code, name, people in _LOCALITIES),
    practices=_practices(),
    groups=tuple(Group(code=code, name=name, broad=broad) for code, name, broad in _GROUPS),
)
