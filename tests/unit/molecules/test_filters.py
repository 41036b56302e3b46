"""The filters of MOSES, and the screen that makes them fast without missing a rule."""

import pytest
from rdkit import Chem
from rdkit.Chem import QED, FilterCatalog

from tests.unit.molecules.test_properties import VARIED
from vivogan.domains.molecules import filters
from vivogan.domains.molecules.screens import Screen

CAUGHT = {
    "MCF 1": "N#CC(C)=Cc1ccccc1", "MCF 3": "CNC(=O)C=C", "MCF 4": "CCCCl", "MCF 5": "C1OC1C", "MCF 6": "CN=C=O",
    "MCF 7": "CC=O", "MCF 9": "C1NC1C", "MCF 11": "CN=NC", "MCF 16": "CSSC", "MCF 18": "NCN", "MCF 19": "COCOC",
    "MCF 20": "BrC(Br)(Br)C", "MCF 21": "ClC(Cl)(Cl)CCl", "MCF 22": "FC(F)(F)C(F)(F)C(F)(F)C",
}  # fmt: skip
PAINS = "O=C1C=CC(=O)C=C1"  # a quinone
ODD = [
    "CC(=S)N1CCCC1",
    "Oc1ccccc1N",
    "O=C1C(=Cc2ccccc2)SC(=S)N1CC(=O)O",
    "c1ccc(cc1)N=Nc1ccc(O)cc1",
    "CN(C)c1ccc(C=NNC)cc1",
]


@pytest.mark.parametrize("rule", CAUGHT)
def test_each_rule_catches_what_it_is_for(rule):
    assert rule in filters.reasons(Chem.MolFromSmiles(CAUGHT[rule]))


@pytest.mark.parametrize(
    ("smiles", "reason"), [("C[N+](C)(C)C", "charged"), ("CCI", "element"), ("C1CCCCCCC1", "ring size")]
)
def test_what_is_outside_has_a_reason(smiles, reason):
    mol = Chem.MolFromSmiles(smiles)
    assert reason in filters.reasons(mol)
    assert not filters.passes(mol)


def test_drug_like_molecules_pass_and_others_do_not():
    assert filters.passing(["CC(=O)Nc1ccc(O)cc1", PAINS, "C1CC", "", "c1ccccc1"]) == [True, False, False, False, True]


def test_there_are_22_and_480_rules():
    names = list(filters.rules())
    assert len(names) == 502
    assert sum(name.startswith("MCF") for name in names) == 22


@pytest.mark.parametrize("hydrogens", [False, True])
def test_the_screen_misses_nothing(hydrogens):
    """Compared with trying every query."""
    smarts = [*filters.rules().values(), *QED.StructuralAlertSmarts]
    screen = Screen([Chem.MolFromSmarts(one) for one in smarts], hydrogens)
    found, tried = 0, 0
    for smiles in [*VARIED, *CAUGHT.values(), PAINS, *ODD]:
        mol = Chem.MolFromSmiles(smiles)
        whole = Chem.AddHs(mol) if hydrogens else mol
        expected = [k for k, query in enumerate(screen.queries) if whole.HasSubstructMatch(query)]
        assert list(screen.matches(mol)) == expected
        found, tried = found + len(expected), tried + len(screen.candidates(mol))
    assert found > 40
    assert tried < 0.05 * len(smarts) * (len(VARIED) + len(CAUGHT) + len(ODD) + 1)


@pytest.mark.parametrize(
    ("smarts", "smiles"),
    [
        ("[!C]", "CO"), ("[!#6&!#1]", "CO"), ("[R0]", "C1CC1C"), ("[R2]", "c1ccc2ccccc2c1"), ("[!R]", "C1CC1C"),
        ("C!-C", "C=C"), ("C!@C", "CC"), ("C!=C", "CC"), ("[12C]", "[12CH4]"), ("[!13C]", "C"), ("[#6]~[#8]", "C=O"),
        ("[-]", "[O-]C"), ("[!+0]", "[NH4+]"), ("[H]O", "CO"), ("C.C.C", "CC.C"), ("[a]", "c1ccccc1"),
        ("c:n", "c1ccncc1"), ("[CH3]", "CC"), ("[X4]", "C"), ("[$(CO),N]", "CO"), ("[!$(CO)]", "CC"),
        ("A1AA1", "C1CC1"), ("[v4]", "C"),
    ],
)  # fmt: skip
def test_no_kind_of_test_rules_out_what_matches(smarts, smiles):
    query, mol = Chem.MolFromSmarts(smarts), Chem.MolFromSmiles(smiles)
    assert Chem.AddHs(mol).HasSubstructMatch(query)
    assert list(Screen([query], hydrogens=True).matches(mol)) == [0]


def test_pains_are_those_of_rdkit_for_common_offenders():
    """Its catalogue holds the same rules, corrected in 17 places."""
    parameters = FilterCatalog.FilterCatalogParams()
    parameters.AddCatalog(FilterCatalog.FilterCatalogParams.FilterCatalogs.PAINS)
    catalogue = FilterCatalog.FilterCatalog(parameters)
    for smiles in [PAINS, *ODD, *VARIED]:
        mol = Chem.MolFromSmiles(smiles)
        rules = [name for name in filters.reasons(mol) if "(" in name]
        assert bool(rules) == catalogue.HasMatch(mol), smiles
