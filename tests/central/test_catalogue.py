"""What the catalogue promises to the screens, the ticket and the voice."""

import pytest

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.central.catalogue import Catalogue, load_catalogue
from kiosk.central.refusal import Refused

CATALOGUE = load_catalogue()


def test_nine_services_so_that_one_digit_chooses() -> None:
    assert len(CATALOGUE.services) == 9
    assert next(iter(CATALOGUE.services)) == "sejour-renouvellement"


@pytest.mark.parametrize("service", CATALOGUE.services.values(), ids=lambda service: service.id)
def test_a_service_fits_its_place_on_screen_and_paper(service: contract.Service) -> None:
    assert len(service.name) <= 34
    assert service.name[0].islower()
    assert len(service.purpose) <= 40
    assert service.purpose[0].isupper()
    assert 3 <= len(service.documents) <= 5
    assert all(len(document.name) <= 30 for document in service.documents)
    assert len({document.id for document in service.documents}) == len(service.documents)
    assert service.allocation == "immediate"


def test_sites_are_listed_by_department_then_town() -> None:
    sites = list(CATALOGUE.sites.values())
    assert len(sites) == 334
    assert sites == sorted(sites, key=lambda site: (site.department, site.commune))
    assert {CATALOGUE.zone(site.id).key for site in sites} >= {"Europe/Paris", "Indian/Mayotte", "America/Cayenne"}


def test_an_unknown_id_is_not_found() -> None:
    for ask in (CATALOGUE.service, CATALOGUE.site):
        with pytest.raises(Refused) as refused:
            ask("none")
        assert refused.value.problem is ProblemName.NOT_FOUND


def test_no_two_sites_nor_services_have_the_same_code_in_tickets() -> None:
    same = ("site-4631", "site-6738")  # their SHA-256 begin with the same three bytes
    site, service = next(iter(CATALOGUE.sites.values())), next(iter(CATALOGUE.services.values()))
    with pytest.raises(ValueError, match="the sites site-4631 and site-6738 have the same code"):
        Catalogue(CATALOGUE.services, dict.fromkeys(same, site))
    with pytest.raises(ValueError, match="the services site-4631 and site-6738 have the same code"):
        Catalogue(dict.fromkeys(same, service), CATALOGUE.sites)
