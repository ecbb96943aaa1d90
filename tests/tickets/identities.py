"""Invented persons, from real parts of names, and how each is typed; every part with the letters its document has.

`written=LETTERS`: the right side is written by hand after ICAO Doc 9303 part 3, so that no code judges itself. Without
one, the letters are the name in upper case.
"""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.booking.person import BirthDate
from kiosk.tickets.identity import Bearer

# Surnames; then given names. Several parts of one surname are joined by the generator.
_NAMES = {
    "French": (
        "Martin Lefèvre=LEFEVRE Œuvrard=OEUVRARD D'Aubigné=DAUBIGNE Saint-Exupéry=SAINT<EXUPERY L'Hôte=LHOTE Noël=NOEL "
        "Ÿvrard=YVRARD De_La_Forêt=DE<LA<FORET Du_Châtelet=DU<CHATELET Maçon=MACON Le_Gall=LE<GALL",
        "Éléonore=ELEONORE Jean-Pierre=JEAN<PIERRE Loïc=LOIC Anaïs=ANAIS François=FRANCOIS Zoé=ZOE Marie Gaëlle=GAELLE",
    ),
    "West African": (
        "Diallo N'Guessan=NGUESSAN N'Diaye=NDIAYE Koné=KONE Traoré=TRAORE M'Bow=MBOW Kouamé=KOUAME Sangaré=SANGARE "
        "Bâ=BA Ouédraogo=OUEDRAOGO Dembélé=DEMBELE Gueï=GUEI Adéyẹmí=ADEYEMI Okafọr=OKAFOR Sy Ly",
        "Mariam Aïssatou=AISSATOU N'Deye=NDEYE Kouadio Fatoumata Moïse=MOISE Sékou=SEKOU Olúṣẹ́gun=OLUSEGUN Awa",
    ),
    "Maghreb": (
        "El_Amrani=EL<AMRANI Ben_Saïd=BEN<SAID Aït-Ahmed=AIT<AHMED Bouzïane=BOUZIANE Abd_El-Kader=ABD<EL<KADER Haddad "
        "Ould_Ahmed=OULD<AHMED Zeroual Ould-M'Bareck=OULD<MBARECK Slimani",
        "Mohamed Saïda=SAIDA Abd-el-Krim=ABD<EL<KRIM Yasmîna=YASMINA Fatima-Zohra=FATIMA<ZOHRA Noûr=NOUR Karim",
    ),
    "Turkish": (
        "Yılmaz=YILMAZ İbrahimoğlu=IBRAHIMOGLU Çelik=CELIK Şahin=SAHIN Öztürk=OEZTUERK Güneş=GUENES Ilıcalı=ILICALI "
        "Kılıç=KILIC Aydın=AYDIN Işık=ISIK Erdoğan=ERDOGAN",
        "Ayşe=AYSE İsmail=ISMAIL Işıl=ISIL Gülşen=GUELSEN Çağrı=CAGRI Mustafa Özlem=OEZLEM Yiğit=YIGIT",
    ),
    "Vietnamese": (
        "Nguyễn=NGUYEN Trần=TRAN Đặng=DANG Phạm=PHAM Võ=VO Đỗ=DO Huỳnh=HUYNH Bùi=BUI Lê=LE Ngô=NGO",
        "Thị=THI Văn=VAN Đức=DUC Hồng=HONG Thượng=THUONG Ánh=ANH Quỳnh=QUYNH Dũng=DUNG Mỹ=MY Ước=UOC",
    ),
    "Polish and Czech": (
        "Wałęsa=WALESA Żółkiewski=ZOLKIEWSKI Łukasik=LUKASIK Dąbrowska=DABROWSKA Ćwikła=CWIKLA Świątek=SWIATEK "
        "Dvořák=DVORAK Šťastný=STASTNY Růžička=RUZICKA Čermáková=CERMAKOVA Němec=NEMEC Ďuriš=DURIS",
        "Łucja=LUCJA Święto=SWIETO Grażyna=GRAZYNA Jiří=JIRI Ondřej=ONDREJ Zdeňka=ZDENKA Kateřina=KATERINA",
    ),
    "Northern": (
        "Þórðardóttir=THORDARDOTTIR Guðmundsson=GUDMUNDSSON Ægisson=AEGISSON Åkesson=AAKESSON Sjöström=SJOESTROEM "
        "Hämäläinen=HAEMAELAEINEN Sørensen=SOERENSEN Kjær=KJAER Őry=ORY Šimkutė=SIMKUTE Bērziņš=BERZINS "
        "Müller=MUELLER Großmann=GROSSMANN Weiß=WEISS",
        "Þóra=THORA Æsa=AESA Guðrún=GUDRUN Åsa=AASA Jörg=JOERG Bjørn=BJOERN Zoltán=ZOLTAN Ģirts=GIRTS Jürgen=JUERGEN",
    ),
    "Romanian and Balkan": (
        "Țepeș=TEPES Ștefănescu=STEFANESCU Ţurcanu=TURCANU Brâncuși=BRANCUSI Đorđević=DORDEVIC Živković=ZIVKOVIC "
        "Hoxhë=HOXHE Çela=CELA Šarić=SARIC Kovačević=KOVACEVIC",
        "Ștefan=STEFAN Mădălina=MADALINA Îngrid=INGRID Đura=DURA Željko=ZELJKO Ionuț=IONUT Besë=BESE",
    ),
    "Iberian and other": (
        "Muñoz=MUNOZ Gonçalves=GONCALVES da_Conceição=DA<CONCEICAO Peña-Nieto=PENA<NIETO O'Connor=OCONNOR "
        "de_los_Ángeles=DE<LOS<ANGELES Gal·la=GALLA D'Almeida=DALMEIDA Ħaż-Żebbuġ=HAZ<ZEBBUG "
        "Rãjan=RAJAN Kaʻiulani=KAIULANI",
        "José=JOSE João=JOAO Íñigo=INIGO Conceição=CONCEICAO Seán=SEAN Siân=SIAN Ramón=RAMON Tuğçe=TUGCE",
    ),
}
_APOSTROPHES = "'’ʼ‘`´"
_HYPHENS = "-‐‑–"


@dataclass(frozen=True, slots=True)
class Name:
    """One part of a name: as a document shows it, and in the letters of its machine-readable zone."""

    written: str
    letters: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A person of the corpus."""

    surname: tuple[Name, ...]
    joined_by: str  # what stands between the parts of a double surname
    given_names: tuple[Name, ...]
    birth_date: BirthDate

    @property
    def written(self) -> tuple[str, str]:
        """Return surname and given names as the document shows them."""
        return (
            self.joined_by.join(part.written for part in self.surname),
            " ".join(part.written for part in self.given_names),
        )

    @property
    def zone(self) -> tuple[str, str]:
        """Return surname and given names as the machine-readable zone has them."""
        return "<".join(p.letters for p in self.surname), "<".join(p.letters for p in self.given_names)

    @property
    def bearer(self) -> Bearer:
        """Return the person as a scanner reads the zone."""
        surname, given = self.zone
        date = self.birth_date
        month, day = (f"{part:02d}" if part else "<<" for part in (date.month, date.day))
        return Bearer(surname.replace("<", ""), given.split("<")[0], f"{date.year % 100:02d}{month}{day}")


def _parts(text: str) -> list[Name]:
    found = []
    for each in text.split():
        written, _, letters = each.replace("_", " ").partition("=")
        found.append(Name(written, letters or written.upper()))
    return found


_POOLS = [(_parts(surnames), _parts(given)) for surnames, given in _NAMES.values()]


def corpus(count: int, seed: int) -> list[Identity]:
    """Return that many persons, no two of whom share first given name, surname and birth date."""
    chance = random.Random(seed)  # noqa: S311 (invented persons)
    found: dict[Bearer, Identity] = {}
    while len(found) < count:
        identity = _drawn(chance)
        found.setdefault(identity.bearer, identity)
    return list(found.values())


def _drawn(chance: random.Random) -> Identity:
    surnames, given = chance.choice(_POOLS)
    double = chance.random() < 0.15
    second = chance.choice(chance.choice(_POOLS)[0])
    surname = (chance.choice(surnames), second) if double else (chance.choice(surnames),)
    count = chance.choices((0, 1, 2, 3), (2, 60, 28, 10))[0]  # one in fifty has one name only
    date = BirthDate(chance.randrange(1930, 2026), chance.randrange(1, 13), chance.randrange(1, 29))
    if chance.random() < 0.04:
        date = BirthDate(date.year, date.month if chance.random() < 0.3 else None)
    return Identity(surname, chance.choice("- "), tuple(chance.sample(given, count)), date)


def typed_forms(name: str, chance: random.Random) -> Iterator[str]:
    """Yield a name as people type it: case, hyphens, apostrophes, spaces, and accents as keyboards compose them."""
    yield name
    yield name.upper()
    yield name.lower()
    yield name.replace("-", " ")
    yield name.replace("-", chance.choice(_HYPHENS)).replace("'", chance.choice(_APOSTROPHES))
    yield name.replace("'", "").replace(" ", "  ") + " "
    yield unicodedata.normalize("NFD", name)
    yield unicodedata.normalize("NFD", name.upper())
