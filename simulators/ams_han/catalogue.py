"""Every meter that can be simulated."""

from typing import Final

from simulators.ams_han.aidon import Aidon, AidonSweden
from simulators.ams_han.austria import KaifaAustria, SagemcomAustria
from simulators.ams_han.iskraemeco import Iskraemeco, LandisGyrAustria
from simulators.ams_han.kaifa import Kaifa, KaifaPairs
from simulators.ams_han.kamstrup import Kamstrup, KamstrupPush
from simulators.ams_han.meter import (
    Encoders,
    Frames,
    MeterType,
    as_text,
    in_blocks,
    in_hdlc,
    in_long_frames,
    in_longest_frames,
    in_segments,
)
from simulators.ams_han.p1 import P1
from simulators.ams_han.quantities import Identity, Net
from simulators.ams_han.switzerland import PushMeter
from simulators.ams_han.wire import (
    ISKRAEMECO,
    LANDIS_GYR_E360,
    LANDIS_GYR_E450,
    LANDIS_GYR_E570,
    Address,
)


def three_lists(second: float) -> str:
    """Aidon and Kaifa: list 1, each ten seconds list 2, ten seconds after the hour list 3."""
    if second == 10:
        return "3"
    return "1" if second % 10 else "2"


def two_lists(second: float) -> str | None:
    """Kamstrup: list 1 each ten seconds; list 2 five seconds after the hour, in addition."""
    if second == 5:
        return "2"
    return None if second % 10 else "1"


def one_list(_second: float) -> str:
    """Meters that always send all they have."""
    return "full"


def every_quarter(second: float) -> str:
    """Iskraemeco in Slovenia: its counters every quarter of an hour, the rest all the time."""
    return "2" if second % 900 else "3"


def _aidon(net: Net, model: str, summary: str, *, embriq: bool = False) -> MeterType:
    def lists(identity: Identity) -> Encoders:
        meter = Aidon(identity=identity, net=net, embriq=embriq)
        return {"1": meter.list_1, "2": meter.list_2, "3": meter.list_3}

    serial = "13943597" if embriq else "7359990000000001"
    return MeterType(
        summary=summary,
        identity=Identity(serial=serial, model=model),
        lists=lists,
        schedule=three_lists,
        step=2.5,
        net=net,
        hourly="3",
        hour_on_clock=True,
    )


def _kaifa(
    net: Net,
    model: str,
    summary: str,
    *,
    sweden: bool = False,
    wide: bool = False,
    always: bool = False,
) -> MeterType:
    def lists(identity: Identity) -> Encoders:
        meter = Kaifa(identity=identity, net=net, sweden=sweden, wide_counters=wide)
        return {
            "1": meter.list_1,
            "2": meter.list_2,
            "3": meter.list_3,
            "full": meter.list_3,
        }

    return MeterType(
        summary=summary,
        identity=Identity(serial="6970630000000002", model=model),
        lists=lists,
        schedule=one_list if always else three_lists,
        step=10.0 if always else 2.0,
        net=net,
        hourly=None if always else "3",
    )


def _kamstrup(
    net: Net,
    model: str,
    summary: str,
    *,
    tagged_time: bool = False,
    fine_voltage: bool = False,
    summer_time: bool = False,
) -> MeterType:
    def lists(identity: Identity) -> Encoders:
        meter = Kamstrup(
            identity=identity,
            net=net,
            tagged_time=tagged_time,
            fine_voltage=fine_voltage,
            summer_time=summer_time,
        )
        return {"1": meter.list_1, "2": meter.list_2}

    return MeterType(
        summary=summary,
        identity=Identity(serial="5706560000000003", model=model),
        lists=lists,
        schedule=two_lists,
        step=5.0,
        net=net,
    )


def _push(summary: str, *, current_transformers: bool) -> MeterType:
    def lists(identity: Identity) -> Encoders:
        meter = KamstrupPush(identity=identity, current_transformers=current_transformers)
        return {"full": meter.full}

    return MeterType(
        summary=summary,
        identity=Identity(serial="26000004", model=""),
        lists=lists,
        schedule=one_list,
        step=10.0,
        ciphered=True,
    )


def _p1(
    summary: str,
    *,
    name: str,
    unit: str = "kVAr",
    check: bool = True,
    dutch: bool = False,
    summer_time: bool = False,
    ciphered: bool = False,
) -> MeterType:
    def lists(identity: Identity) -> Encoders:
        meter = P1(
            identity=identity,
            name=name,
            reactive_unit=unit,
            check=check,
            dutch=dutch,
            summer_time=summer_time,
        )
        return {"full": meter.telegram}

    return MeterType(
        summary=summary,
        identity=Identity(serial="E0000000000000005", model=""),
        lists=lists,
        schedule=one_list,
        step=1.0 if dutch else 10.0,
        frames=as_text,
        ciphered=ciphered,
        title=b"SAG\x10\x20\x30\x40\x50",
    )


def _swiss(
    summary: str,
    serial: str,
    *,
    setup: str,
    address: Address,
    frames: Frames = in_hdlc,
    volts: int = 1,
    amperes: int = 100,
    wide: bool = False,
    says_deviation: bool = False,
    says_clock: bool = False,
    last_phase_first: bool = False,
    ciphered: bool = False,
) -> MeterType:
    def lists(identity: Identity) -> Encoders:
        meter = PushMeter(
            identity=identity,
            setup=setup,
            address=address,
            volts=volts,
            amperes=amperes,
            wide=wide,
            says_deviation=says_deviation,
            says_clock=says_clock,
            last_phase_first=last_phase_first,
        )
        return {"full": meter.full}

    return MeterType(
        summary=summary,
        identity=Identity(serial=serial, model=""),
        lists=lists,
        schedule=one_list,
        step=5.0,
        frames=frames,
        title=b"LGZ\x10\x20\x30\x40\x50",
        ciphered=ciphered,
    )


METERS: Final[dict[str, MeterType]] = {
    "aidon-1ph": _aidon(Net.ONE_PHASE, "6515", "Aidon 6515, Norway, one phase"),
    "aidon-it": _aidon(Net.IT, "6525", "Aidon 6525, Norway, IT net"),
    "aidon-tn": _aidon(Net.TN, "6534", "Aidon 6534, Norway, TN net"),
    "aidon-se": MeterType(
        summary="Aidon, Sweden, 27 elements",
        identity=Identity(serial="", model=""),
        lists=lambda identity: {"full": AidonSweden(identity=identity).full},
        schedule=one_list,
        step=10.0,
    ),
    "embriq-it": _aidon(Net.IT, "ZFF1", "Landis+Gyr E350 (Embriq), Norway, IT net", embriq=True),
    "embriq-tn": _aidon(Net.TN, "ZFF1", "Landis+Gyr E350 (Embriq), Norway, TN net", embriq=True),
    "kaifa-1ph": _kaifa(Net.ONE_PHASE, "MA105H2E", "Kaifa MA105H2E, Norway, one phase"),
    "kaifa-it": _kaifa(Net.IT, "MA304H3E", "Kaifa MA304H3E, Norway, IT net"),
    "kaifa-tn": _kaifa(Net.TN, "MA304H4", "Kaifa MA304H4, Norway, TN net"),
    "kaifa-se": _kaifa(
        Net.TN, "MA304H4", "Kaifa MA304H4, Sweden, positions", sweden=True, always=True
    ),
    "kaifa-se-ct": _kaifa(
        Net.TN, "MA304T4", "Kaifa MA304T4, Sweden, wide counters", wide=True, always=True
    ),
    "kaifa-se-pairs": MeterType(
        summary="Kaifa MA304H4, Sweden, codes",
        identity=Identity(serial="7340150000000006", model="MA304H4"),
        lists=lambda identity: {"full": KaifaPairs(identity=identity).full},
        schedule=one_list,
        step=10.0,
    ),
    "kamstrup-1ph": _kamstrup(
        Net.ONE_PHASE, "6861111BN242101040", "Kamstrup 6861111, Norway, one phase"
    ),
    "kamstrup-it": _kamstrup(Net.IT, "6841121BN243101040", "Kamstrup 6841121, Norway, IT net"),
    "kamstrup-tn": _kamstrup(Net.TN, "6841131BN243101040", "Kamstrup 6841131, Norway, TN net"),
    "kamstrup-2017": _kamstrup(
        Net.IT, "6841121BN243101040", "Kamstrup with the firmware of 2017", tagged_time=True
    ),
    "kamstrup-se": _kamstrup(
        Net.TN, "6841131BN245101092", "Kamstrup 6841131, Sweden, counts Wh", summer_time=True
    ),
    "kamstrup-ct": _kamstrup(Net.TN, "6851131BN243101040", "Kamstrup 685, current transformers"),
    "kamstrup-dk": _kamstrup(
        Net.TN, "6841138BN243101010", "Kamstrup, Denmark, fine voltage", fine_voltage=True
    ),
    "kamstrup-push": _push("Kamstrup, push list", current_transformers=False),
    "kamstrup-push-ct": _push("Kamstrup, push list, transformers", current_transformers=True),
    "kaifa-at": MeterType(
        summary="Kaifa MA309, Austria, M-Bus",
        identity=Identity(serial="1KFM0200000007", model=""),
        lists=lambda identity: {"full": KaifaAustria(identity=identity).full},
        schedule=one_list,
        step=5.0,
        frames=in_long_frames,
        title=b"KFM\x10\x20\x30\x40\x50",
        ciphered=True,
    ),
    "sagemcom-at": MeterType(
        summary="Sagemcom T210-D, Austria, M-Bus",
        identity=Identity(serial="178210000008", model=""),
        lists=lambda identity: {"full": SagemcomAustria(identity=identity).full},
        schedule=one_list,
        step=5.0,
        frames=in_longest_frames,
        title=b"SAG\x10\x20\x30\x40\x50",
        ciphered=True,
    ),
    "landis-at": MeterType(
        summary="Landis+Gyr E450, Austria, bare values",
        identity=Identity(serial="30000009", model=""),
        lists=lambda identity: {"full": LandisGyrAustria(identity=identity).full},
        schedule=one_list,
        step=5.0,
    ),
    "landis-e450": _swiss(
        "Landis+Gyr E450, Switzerland, blocks",
        "LGZ1030000000009",
        setup="0-8:25.9.0",
        address=LANDIS_GYR_E450,
        frames=in_blocks,
        says_clock=True,
    ),
    "landis-e450-ciphered": _swiss(
        "Landis+Gyr E450, Switzerland, blocks, ciphered",
        "LGZ1030000000010",
        setup="0-8:25.9.0",
        address=LANDIS_GYR_E450,
        frames=in_blocks,
        ciphered=True,
    ),
    "landis-e570": _swiss(
        "Landis+Gyr E570, Switzerland, whole amperes",
        "LGZ1030000000011",
        setup="0-8:25.9.0",
        address=LANDIS_GYR_E570,
        frames=in_blocks,
        amperes=1,
        wide=True,
    ),
    "landis-e360": _swiss(
        "Landis+Gyr E360, Switzerland",
        "LGZ1030000000012",
        setup="0-6:25.9.0",
        address=LANDIS_GYR_E360,
        volts=10,
        says_deviation=True,
        last_phase_first=True,
    ),
    "iskra-ch": _swiss(
        "Iskraemeco AM550, Switzerland, segments",
        "ISK1030000000013",
        setup="0-6:25.9.0",
        address=ISKRAEMECO,
        frames=in_segments,
        volts=10,
        says_deviation=True,
    ),
    "iskra-si": MeterType(
        summary="Iskraemeco AM550, Slovenia",
        identity=Identity(serial="ISK1030000000014", model=""),
        lists=lambda identity: {
            "2": Iskraemeco(identity=identity).list_of_18,
            "3": Iskraemeco(identity=identity).list_of_12_counters,
        },
        schedule=every_quarter,
        step=5.0,
    ),
    "iskra-hr": MeterType(
        summary="Iskraemeco IE.5, Croatia, segments",
        identity=Identity(serial="30000015", model=""),
        lists=lambda identity: {"full": Iskraemeco(identity=identity).list_of_33},
        schedule=one_list,
        step=10.0,
        frames=in_segments,
    ),
    "p1-se": _p1("Landis+Gyr E360, Sweden, P1", name="LGF5E360"),
    "p1-kamstrup": _p1("Kamstrup, Sweden, P1", name="KAM5", summer_time=True),
    "p1-ellevio": _p1("Meter of Ellevio, Sweden, P1", name=r"ELL5\253833635_A", unit="kvar"),
    "p1-iskra": _p1("Iskra AM550, P1 without a check", name=r"ISK9\2M551T-200", check=False),
    "p1-nl": _p1("Landis+Gyr, Netherlands, P1", name=r"LGF5\2E350", dutch=True, summer_time=True),
    "p1-lu": _p1("Sagemcom, Luxembourg, P1 ciphered", name=r"SAG5\253769653_A", ciphered=True),
}
