"""Families and substances of concern, for screening: patterns wide enough for close analogues, and no structures.

The families follow the wording of the Annex on Chemicals of the Chemical Weapons Convention (Schedules 1 and 2, numbers
in brackets), of the UN conventions on drugs and on persistent pollutants, and of the precursor lists of explosives.
Each is wider than the wording: ethers of ethers and longer chains are no loophole. Substances that no pattern holds are
known by the first block of their InChIKey, which cannot be turned back into a structure. Neither list is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What happens to a molecule of a family: it is not written, or it is written with a remark."""

    withhold = "withhold"
    caution = "caution"


@dataclass(frozen=True)
class Family:
    """Molecules that hold ``smarts``; ``name`` is the reason that people read."""

    name: str
    smarts: str
    action: Action = Action.withhold


_SMALL_ALKYL = "$([CH3]),$([CH2][CH3]),$([CH2][CH2][CH3]),$([CH]([CH3])[CH3])"  # Me, Et, n-Pr, i-Pr
_LEAVING = f"[Cl,Br,$(O[{_SMALL_ALKYL}])]"
_OXYGEN, _HALOGEN = "=[O,S]", "[F,Cl,Br,I]"

FAMILIES = (
    # Chemical Weapons Convention
    Family("organophosphorus fluorides (CWC 1.A.1, 1.A.13-15, 1.B.9)", f"[P;X4]({_OXYGEN})([#6,#7,F,$([O,S][#6])])[F]"),
    Family("phosphonous and phosphorous fluorides (CWC 1.B)", "[P;X3]([F])[#6,#7,#8]"),
    Family("phosphorus cyanides (CWC 1.A.2)", f"[P;X4]({_OXYGEN})C#N"),
    Family("aminoethyl phosphonothiolates and phosphorothiolates (CWC 1.A.3, 2.A.1)",
           f"[P;X4]({_OXYGEN})([#6,$([O,S][#6])])[S,Se;X2][CX4][CX4][#7;X3,X4;!$([#7][C,S,P]=[O,S])]"),
    Family("aminoethyl phosphonites (CWC 1.B.10)", "[P;X3]([#6])([#8])[#8][CX4][CX4][#7;X3]"),
    Family("phosphonic chlorides (CWC 1.B.11-12, 2.B.4)", f"[P;X4]({_OXYGEN})([#6])[Cl,Br,I]"),
    Family("small alkylphosphorus compounds (CWC 2.B.4)",
           f"[P;X3,X4;$(P[{_SMALL_ALKYL}]);!$(P([#6])[#6])]"),
    Family("phosphoramidic dihalides and dialkyl phosphoramidates (CWC 2.B.5-6)",
           f"[P;X4](=O)([N;X3;$(N([{_SMALL_ALKYL}])[{_SMALL_ALKYL}])])({_LEAVING}){_LEAVING}"),
    Family("sulfur mustards (CWC 1.A.4)", "[Cl,Br,I][CX4;H2][CX4;H2][S;X2,X3][CX4]"),
    Family("organoarsenic halides and cyanides (CWC 1.A.5)", "[As;X3]([#6])[F,Cl,Br,I,$(C#N)]"),
    Family("chlorovinylarsines (CWC 1.A.5)", "[As][CX3]=[CX3][Cl,Br]"),
    Family("nitrogen mustards (CWC 1.A.6)",
           "[NX3,NX4+;!$(N[C,S,P]=[O,S,N])]([CX4;H2][CX4;H2][Cl,Br,I])([CX4;H2][CX4;H2][Cl,Br,I])[#1,CX4]"),
    Family("aminoethyl chlorides and thiols (CWC 2.B.10, 2.B.12)",
           f"[$([Cl,Br,I]),$([SH])][CH2][CH2][N;X3]([{_SMALL_ALKYL}])[{_SMALL_ALKYL}]"),
    Family("saxitoxins (CWC 1.A.7)",
           "[#6]123~[#7]~[#6](~[#7])~[#7]~[#6]~1~[#6]~[#7]~[#6](~[#7])~[#7]~2~[#6]~[#6]~[#6]~3"),
    Family("quaternary dimethylcarbamoyloxypyridines (CWC 1.A.16)",
           "[CX4][NX3]([CX4])C(=O)O[$(c1cccnc1[CX4][NX4+]),$(c1c([CX4][NX4+])nccc1)]"),
    # acutely toxic in milligrams, of no schedule or of another
    Family("caged bicyclic phosphates", f"[P;X4]12({_OXYGEN})OC[C]([CX4]O1)[CX4]O2"),
    Family("fentanyls", "[CX3](=[O,S])[NX3]([c,$([CH2]c)])[CX4]1[CX4][CX4][NX3,NX4+]([CX4]"
           "[$([CX4]c),$([CX4]n),$([CX4]C=C),$(C(=O)O),$([CX4]C(=O)O)])[CX4][CX4]1"),
    Family("nitazenes", "c1ccc2c(c1)nc([CH2]c1ccccc1)n2[CX4][CX4][NX3,NX4+]"),
    Family("tetrahalogenated dioxins (Stockholm Convention)",
           f"{_HALOGEN}c1cc2[#8]c3cc({_HALOGEN})c({_HALOGEN})cc3[#8]c2cc1{_HALOGEN}"),
    Family("tetrahalogenated dibenzofurans (Stockholm Convention)",
           f"{_HALOGEN}c1cc2[#8]c3cc({_HALOGEN})c({_HALOGEN})cc3c2cc1{_HALOGEN}"),
    Family("fluoroacetates and what becomes one",
           "[F][CH2;X4][$(C(=O)[O;X1,X2]),$(C(=O)[NH2]),$([CH2][OH]),$([CH]=O)]"),
    Family("dialkylmercury and tetraalkyllead", "[$([Hg]([CX4])[CX4]),$([Pb]([CX4])([CX4])[CX4])]"),
    Family("cyclic organic peroxides (primary explosives)",
           "[OX2;r][OX2;r][CX4;r][$([OX2;r][OX2;r]),$([NX3;r][CX4;r][OX2;r][OX2;r])]"),
    # written, with a remark
    Family("nitrate ester: may explode", "[CX4][OX2][N+](=O)[O-]", Action.caution),
    Family("N-nitro compound: may explode", "[NX3;!$(N=*)][N+](=O)[O-]", Action.caution),
    Family("three nitro groups: may explode", "[N+](=O)[O-].[N+](=O)[O-].[N+](=O)[O-]", Action.caution),
    Family("azide or diazonium: may explode", "[$(N=[N+]=[N-]),$([#6][N+]#N)]", Action.caution),
    Family("organic peroxide: may explode", "[OX2][OX2]", Action.caution),
    Family("deactivated nitrogen mustard: alkylates DNA", "[#7]([CX4;H2][CX4;H2][Cl,Br,I])[CX4;H2][CX4;H2][Cl,Br,I]",
           Action.caution),
)  # fmt: skip

# First block of the InChIKey (structure without stereochemistry, charge and isotopes) → the reason.
SUBSTANCES: Mapping[str, str] = {
    # Chemical Weapons Convention: what no family above holds
    "DAFIBNSJXIGBQB": "CWC Schedule 2.A",
    "HGMITUYOCPPQLE": "CWC Schedule 2.A",
    "OEYOHULQRFXULB": "CWC Schedule 2.B",
    "UKXSKSHDVLQNKG": "CWC Schedule 2.B",
    "IVLICPVPXWEGCA": "CWC Schedule 2.B",
    "DFOXKPDFWGNLJU": "CWC Schedule 2.B",
    "YODZTKMDCQEPHD": "CWC Schedule 2.B",
    "YGYAWVDWMABLBF": "CWC Schedule 3.A",
    "QPJDMGCKMHUXFD": "CWC Schedule 3.A",
    "LELOWRISYMNNSU": "CWC Schedule 3.A",
    "LFHISGNCFUNFFM": "CWC Schedule 3.A",
    # toxins
    "CFMYXEVWODSLAX": "toxin (Australia Group)",
    "ZYZCGGRZINLQBL": "toxin (Australia Group)",
    "BXFOFFBJRFZBQZ": "toxin (Australia Group)",
    "OQIQSTLJSLGHID": "toxin (Australia Group)",
    "CWODDUGJZSCNGB": "toxin (Australia Group)",
    "ISNYUQWBWALXEY": "toxin",
    "QMGVPVSNSZLJIA": "toxin",
    # other poisons that were or may be used against people
    "AGGKEGLBGGJEBZ": "acute poison",
    "HCUYBXPSSCRKRF": "choking agent",
    "JIRJHEXNDQBKRZ": "blister agent",
    "RBFQJDQYXXHULB": "acute poison",
    "HAMGRBXTJNITHG": "acute poison",
    # precursors of fentanyls (UN 1988, Table I)
    "ZCMDXDQUYIWEKB": "precursor of fentanyls (UN 1988)",
    "YDJXNYNKKXZBMP": "precursor of fentanyls (UN 1988)",
    "PMCBDBWCQQBSRJ": "precursor of fentanyls (UN 1988)",
    "LKRMTUUCKBQGFO": "precursor of fentanyls (UN 1988)",
}
