"""The CRM's codes of time zones, as users and rows carry them, and Windows' name of each."""

from typing import Final

from postroom.recurrence.windows_zones import FORMER_NAMES

# source: DATAVERSE-TABLES timezonedefinition
_TABLE = """
4 Pacific; 30 Mexico; 33 Central America; 35 Eastern; 40 US Eastern; 45 SA Pacific; 47 Venezuela; 50 Atlantic
55 SA Western; 56 Pacific SA; 58 Central Brazilian; 59 Paraguay; 60 Newfoundland; 65 E. South America
69 Argentina; 70 SA Eastern; 71 Bahia; 73 Greenland; 74 Montevideo; 75 Mid-Atlantic; 80 Azores; 83 Cape Verde
84 Morocco; 85 GMT; 90 Greenwich; 95 Central Europe; 100 Central European; 105 Romance; 110 W. Europe
113 W. Central Africa; 115 E. Europe; 120 Egypt; 125 FLE; 129 Jordan; 130 GTB; 131 Middle East; 133 Syria
134 Turkey; 135 Israel; 140 South Africa; 141 Namibia; 145 Russian; 150 Arab; 151 Belarus; 155 E. Africa
158 Arabic; 159 Kaliningrad; 160 Iran; 165 Arabian; 169 Azerbaijan; 170 Caucasus; 172 Mauritius; 173 Georgian
175 Afghanistan; 180 Ekaterinburg; 184 Pakistan; 185 West Asia; 190 India; 193 Nepal; 195 Central Asia
196 Bangladesh; 200 Sri Lanka; 201 N. Central Asia; 203 Myanmar; 205 SE Asia; 207 North Asia; 210 China
215 Singapore; 220 Taipei; 225 W. Australia; 227 North Asia East; 228 Ulaanbaatar; 230 Korea; 235 Tokyo
240 Yakutsk; 245 AUS Central; 250 Cen. Australia; 255 AUS Eastern; 260 E. Australia; 265 Tasmania
270 Vladivostok; 275 West Pacific; 280 Central Pacific; 281 Magadan; 285 Fiji; 290 New Zealand; 300 Tonga
"""
_PAIRS = [entry.split(" ", 1) for line in _TABLE.strip().splitlines() for entry in line.split("; ")]
_NAMES = {int(code): f"{region} Standard Time" for code, region in _PAIRS}

#: Windows' name by the CRM's code; codes that are not well known are missing.
DYNAMICS_ZONES: Final[dict[int, str]] = {
    92: "UTC",
    **{code: FORMER_NAMES.get(name, name) for code, name in _NAMES.items()},
}
