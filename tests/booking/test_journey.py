"""The journey: the next question, what a change undoes, and when a request is another request."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from kiosk.booking.booking import Hold
from kiosk.booking.catalogue import Availability, Day, IdentifierKind, Service, Site, Slot, nearest_first, search_keys
from kiosk.booking.journey import NUMBER_STEPS, Journey, Step, Typed
from kiosk.booking.person import BirthDate, Person

PARIS = ZoneInfo("Europe/Paris")
NOW = dt.datetime(2027, 1, 11, 9, 0, tzinfo=PARIS)
PERSONS = [Person("DIALLO", "Mariam", BirthDate(1990, 2, 3)), Person("KONE", "Awa", BirthDate(1987))]
TYPO = Person("DIALO", "Mariam", BirthDate(1990, 2, 3))
SERVICES = [Service(name, name, name, 20, (), ()) for name in ("naturalisation", "carte-grise")]
RENEWAL = Service("sejour-renouvellement", "carte de séjour", "Refaire", 20, ("agdref",), ())
PASSPORT = Service("passeport", "passeport", "Faire", 20, ("ants",), ())
BOTH = Service("les-deux", "les deux", "Faire", 20, ("ants", "agdref"), ())


def offer(commune: str, department: str = "93", region: str = "Île-de-France", *free: int) -> Availability:
    site = Site(commune, "prefecture", commune, "93000", department, "Seine-Saint-Denis", region, PARIS)
    days = tuple(Day(NOW.date() + dt.timedelta(days=n), places) for n, places in enumerate(free))
    return Availability(site, True, NOW, days)


DAY = dt.date(2027, 2, 1)
OFFERS = [offer("Bobigny"), offer("Lyon", "69", "Auvergne-Rhône-Alpes")]
HOLDS = [Hold(f"h{n}", Slot(f"s{n}", NOW, 20, 1), NOW + dt.timedelta(minutes=5), PERSONS[0]) for n in range(2)]


def complete(service: Service = SERVICES[0]) -> Journey:
    journey = Journey(key="k").for_person(PERSONS[0]).for_service(service).with_number("agdref", "9900000001")
    return journey.having_read_documents().at_site(OFFERS[0]).holding(HOLDS[0], "k0")


def test_questions_come_in_order_until_all_are_answered() -> None:
    journey = Journey(key="k")
    assert journey.step is Step.PERSON
    journey = journey.for_person(PERSONS[0])
    assert journey.step is Step.SERVICE
    journey = journey.for_service(SERVICES[0])
    assert journey.step is Step.DOCUMENTS
    journey = journey.having_read_documents()
    assert journey.step is Step.SITE
    journey = journey.at_site(OFFERS[0])
    assert journey.step is Step.SLOT
    assert journey.holding(HOLDS[0], "k0").step is Step.CHECK


def test_another_service_asks_again_for_all_that_depends_on_it_and_keeps_the_person() -> None:
    journey = complete().ticked(frozenset({"photos"})).for_service(SERVICES[1])
    assert journey.step is Step.DOCUMENTS
    assert journey.person == PERSONS[0]
    assert not journey.at_hand
    assert journey.site is None


def test_the_same_answer_again_changes_nothing() -> None:
    journey = complete()
    assert journey.for_service(SERVICES[0]) == journey
    assert journey.at_site(OFFERS[0]) == journey
    assert journey.for_person(PERSONS[0]) == journey


def test_another_place_asks_for_the_hour_again() -> None:
    assert complete().at_site(OFFERS[1]).step is Step.SLOT


def test_a_lost_hour_loses_nothing_else() -> None:
    journey = complete().without_hold()
    assert journey.step is Step.SLOT
    assert (journey.person, journey.service, journey.site) == (PERSONS[0], SERVICES[0], OFFERS[0].site)


def test_a_number_is_asked_between_the_service_that_wants_it_and_its_documents() -> None:
    journey = Journey(key="k").for_person(PERSONS[0]).for_service(RENEWAL)
    assert journey.step is Step.AGDREF
    journey = journey.with_number("agdref", "9900000001")
    assert journey.step is Step.DOCUMENTS
    assert journey.numbers_to_give == {"agdref": "9900000001"}


def test_a_number_that_the_central_knows_is_not_asked_and_not_passed_on_the_way_back() -> None:
    journey = Journey(key="k").for_person(PERSONS[0], frozenset({"agdref"})).for_service(RENEWAL)
    assert journey.step is Step.DOCUMENTS
    assert journey.before(Step.DOCUMENTS) is Step.SERVICE
    assert journey.numbers_to_give == {}


def test_several_numbers_are_asked_one_after_the_other_and_passed_on_the_way_back() -> None:
    journey = Journey(key="k").for_person(PERSONS[0]).for_service(BOTH)
    assert journey.step is Step.AGDREF
    journey = journey.with_number("agdref", "9900000001")
    assert journey.step is Step.ANTS
    assert journey.before(Step.DOCUMENTS) is Step.ANTS
    assert journey.before(Step.ANTS) is Step.AGDREF
    assert journey.before(Step.AGDREF) is Step.SERVICE


def test_questions_are_counted_to_six_with_or_without_a_number() -> None:
    stages = [step.stage for step in (Step.PERSON, Step.SERVICE, Step.DOCUMENTS, Step.SITE, Step.SLOT, Step.CHECK)]
    assert stages == [1, 2, 3, 4, 5, 6]
    assert {step.stage for step in NUMBER_STEPS.values()} == {Step.SERVICE.stage}


def test_another_service_keeps_the_numbers_and_gives_those_it_wants() -> None:
    journey = Journey(key="k").for_person(PERSONS[0]).for_service(RENEWAL).with_number("agdref", "9900000001")
    other = journey.for_service(PASSPORT)
    assert other.step is Step.ANTS
    assert other.numbers_to_give == {}
    assert other.for_service(BOTH).numbers_to_give == {"agdref": "9900000001"}


def test_another_person_has_other_numbers_and_a_corrected_one_the_same() -> None:
    journey = Journey(key="k").for_person(PERSONS[0]).for_service(RENEWAL)
    journey = journey.with_number_typed("agdref", "99 0000 0001").with_number("agdref", "9900000001")
    assert journey.for_person(TYPO).numbers == journey.numbers
    other = journey.for_person(PERSONS[1])
    assert (other.numbers, other.numbers_typed, other.step) == ({}, {}, Step.AGDREF)


def test_what_the_central_knows_of_one_person_it_does_not_know_of_another() -> None:
    journey = Journey(key="k").for_person(PERSONS[0], frozenset({"agdref"}))
    assert journey.for_person(PERSONS[1]).numbers_known == frozenset()
    assert journey.for_person(replace(PERSONS[0], phone="+33612345678")).numbers_known == {"agdref"}


def test_a_number_half_typed_again_stays_in_its_field_and_is_no_answer() -> None:
    journey = complete(RENEWAL).with_number_typed("agdref", "99000")
    assert journey.numbers_typed == {"agdref": "99000"}
    assert journey.step is Step.AGDREF
    assert journey.site == OFFERS[0].site


def test_a_field_that_nobody_changed_changes_nothing() -> None:
    journey = complete(RENEWAL)
    assert journey.with_number_typed("agdref", "").with_number("agdref", "9900000001") == journey


def test_a_refused_number_is_asked_again_even_if_the_central_knew_one_and_is_given_from_then_on() -> None:
    known: frozenset[IdentifierKind] = frozenset({"ants"})
    journey = Journey(key="k").for_person(PERSONS[0], known).for_service(PASSPORT).without_number("ants")
    assert journey.step is Step.ANTS
    journey = journey.with_number_typed("ants", "AAAAAAAAA1").with_number("ants", "AAAAAAAAA1")
    assert journey.for_person(PERSONS[0], known).numbers_to_give == {"ants": "AAAAAAAAA1"}


def test_a_typing_error_found_at_the_end_keeps_the_hour_and_another_person_does_not() -> None:
    journey = complete()
    assert journey.for_person(TYPO).hold == journey.hold
    assert journey.for_person(PERSONS[1]).step is Step.SLOT


def test_corrections_are_measured_against_the_person_of_the_hour_not_against_each_other() -> None:
    journey = complete()
    for surname in ("DIALL", "DIAL", "DIA"):
        journey = journey.for_person(replace(PERSONS[0], surname=surname))
        assert (journey.hold is None) == (surname == "DIA")


people = st.sampled_from([*PERSONS, TYPO]).map(lambda person: lambda journey: journey.for_person(person))
consents = st.sampled_from(["present", "legal_representative"]).map(lambda mode: lambda journey: journey.agreed(mode))
asides = st.just(lambda journey: journey.with_typed(Typed("x")).ticked(frozenset({"photos"})))


@given(st.lists(people | consents | asides, max_size=12))
def test_one_key_never_stands_for_two_different_requests(changes: list[Callable[[Journey], Journey]]) -> None:
    journey = complete()
    asked: dict[str, object] = {}
    for change in changes:
        journey = change(journey)
        request = (journey.person, journey.consent, journey.hold)
        assert asked.setdefault(journey.intent_key, request) == request


def test_where_nobody_sees_the_hours_a_first_day_answers_and_the_hour_kept_before_is_forgotten() -> None:
    journey = complete().applying_at(OFFERS[0])
    assert (journey.step, journey.hold) == (Step.SLOT, None)
    asked = journey.from_day(DAY, "k1")
    assert asked.step is Step.CHECK
    assert asked.intent_key != complete().intent_key
    assert asked.applying_at(OFFERS[1]).step is Step.SLOT


def test_once_the_hours_can_be_seen_the_same_place_asks_for_one() -> None:
    journey = complete().applying_at(OFFERS[0]).from_day(DAY, "k1").at_site(OFFERS[0])
    assert (journey.step, journey.applying, journey.not_before) == (Step.SLOT, False, None)
    other = complete().applying_at(OFFERS[0]).from_day(DAY, "k1").for_service(SERVICES[1])
    assert (other.applying, other.not_before) == (False, None)


def test_a_new_hold_is_a_new_request() -> None:
    journey = complete()
    assert journey.holding(HOLDS[1], "k1").intent_key != journey.intent_key


def test_the_department_comes_first_then_the_region_then_the_rest_by_town() -> None:
    offers = [
        offer("Lyon", "69", "Auvergne-Rhône-Alpes"),
        offer("Évry", "91"),
        offer("Saint-Denis"),
        offer("Bobigny"),
        offer("Créteil", "94"),
    ]
    ordered = nearest_first(offers, "93", "Île-de-France")
    assert [o.site.commune for o in ordered] == ["Bobigny", "Saint-Denis", "Créteil", "Évry", "Lyon"]


def test_a_place_is_found_by_any_word_of_its_town_or_department_without_accents() -> None:
    town, department = search_keys(offer("L'Haÿ-les-Roses").site)
    assert all(f" {start}" in town for start in ("l h", "hay", "roses"))
    assert all(f" {start}" in department for start in ("seine", "saint denis"))
    assert " aint" not in department


def test_the_next_day_is_the_first_with_room() -> None:
    assert offer("Bobigny", "93", "x", 0, 0, 2).next_day == NOW.date() + dt.timedelta(days=2)
    assert offer("Bobigny", "93", "x", 0).next_day is None
