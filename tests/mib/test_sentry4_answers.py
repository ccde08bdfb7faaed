# SPDX-License-Identifier: Apache-2.0
"""Every column of Sentry4-MIB by known answers: column, name, and value of each instance."""

from __future__ import annotations

from pdu_agent.mib_impl.sentry4 import sentry4_module
from tests.mib.sentry4 import SentryBench, plainly

ANSWERS = """
1.1.1 st4SystemProductName 0="OpenPDU-8"
1.1.2 st4SystemLocation 0="Hall 2"
1.1.3 st4SystemFirmwareVersion 0="0.1.0"
1.1.8 st4SystemUptime 0="0 days 0 hours 1 minutes 40 seconds"
1.1.21 st4SystemUnitCount 0=1
2.2.1.2 st4UnitID 1="A"
2.2.1.3 st4UnitName 1="rack-7"
2.2.1.4 st4UnitProductSN 1="S-0042"
2.2.1.5 st4UnitModel 1="OpenPDU-8"
2.2.1.6 st4UnitAssetTag 1="A-17"
2.2.1.7 st4UnitType 1=0
2.2.1.8 st4UnitCapabilities 1=00
2.2.1.30 st4UnitInputCordCount 1=2
2.2.1.31 st4UnitTempSensorCount 1=2
2.2.1.32 st4UnitHumidSensorCount 1=1
2.2.1.33 st4UnitWaterSensorCount 1=1
2.2.1.34 st4UnitCcSensorCount 1=2
2.2.1.35 st4UnitAdcSensorCount 1=0
2.2.1.36 st4UnitFanSensorCount 1=0
2.3.1.1 st4UnitStatus 1=0
3.1.1 st4InputCordActivePowerHysteresis 0=50
3.1.2 st4InputCordApparentPowerHysteresis 0=60
3.1.3 st4InputCordPowerFactorHysteresis 0=2
3.2.1.2 st4InputCordID 1.1="AA"; 1.2="AB"
3.2.1.3 st4InputCordName 1.1="Feed A"; 1.2="Feed B"
3.2.1.7 st4InputCordNominalVoltage 1.1=2300; 1.2=1200
3.2.1.10 st4InputCordCurrentCapacity 1.1=16; 1.2=10
3.2.1.12 st4InputCordPowerCapacity 1.1=3680; 1.2=1200
3.2.1.20 st4InputCordLineCount 1.1=1; 1.2=1
3.2.1.21 st4InputCordPhaseCount 1.1=1; 1.2=1
3.2.1.22 st4InputCordOcpCount 1.1=2; 1.2=0
3.2.1.23 st4InputCordBranchCount 1.1=2; 1.2=0
3.2.1.24 st4InputCordOutletCount 1.1=2; 1.2=1
3.3.1.1 st4InputCordState 1.1=1; 1.2=0
3.3.1.2 st4InputCordStatus 1.1=0; 1.2=7
3.3.1.3 st4InputCordActivePower 1.1=263; 1.2=-1
3.3.1.4 st4InputCordActivePowerStatus 1.1=0; 1.2=7
3.3.1.5 st4InputCordApparentPower 1.1=288; 1.2=-1
3.3.1.6 st4InputCordApparentPowerStatus 1.1=0; 1.2=7
3.3.1.7 st4InputCordPowerUtilized 1.1=78; 1.2=-1
3.3.1.8 st4InputCordPowerFactor 1.1=91; 1.2=-1
3.3.1.9 st4InputCordPowerFactorStatus 1.1=15; 1.2=7
3.3.1.10 st4InputCordEnergy 1.1=14; 1.2=14
3.3.1.11 st4InputCordFrequency 1.1=500; 1.2=-1
3.4.1.2 st4InputCordActivePowerLowAlarm 1.1=0
3.4.1.3 st4InputCordActivePowerLowWarning 1.1=0
3.4.1.4 st4InputCordActivePowerHighWarning 1.1=3000
3.4.1.5 st4InputCordActivePowerHighAlarm 1.1=3500
3.4.1.6 st4InputCordApparentPowerLowAlarm 1.1=1
3.4.1.7 st4InputCordApparentPowerLowWarning 1.1=2
3.4.1.8 st4InputCordApparentPowerHighWarning 1.1=3
3.4.1.9 st4InputCordApparentPowerHighAlarm 1.1=4
3.4.1.10 st4InputCordPowerFactorLowAlarm 1.1=30
3.4.1.11 st4InputCordPowerFactorLowWarning 1.1=92
4.1.1 st4LineCurrentHysteresis 0=8
4.2.1.2 st4LineID 1.1.1="AA1"; 1.2.1="AB1"
4.2.1.4 st4LineLabel 1.1.1="AA:L1"; 1.2.1="AB:L1"
4.2.1.6 st4LineCurrentCapacity 1.1.1=16; 1.2.1=10
4.3.1.1 st4LineState 1.1.1=1; 1.2.1=0
4.3.1.2 st4LineStatus 1.1.1=0; 1.2.1=7
4.3.1.3 st4LineCurrent 1.1.1=125; 1.2.1=-1
4.3.1.4 st4LineCurrentStatus 1.1.1=16; 1.2.1=7
4.3.1.5 st4LineCurrentUtilized 1.1.1=78; 1.2.1=-1
4.4.1.2 st4LineCurrentLowAlarm 1.1.1=0; 1.2.1=0
4.4.1.3 st4LineCurrentLowWarning 1.1.1=5; 1.2.1=0
4.4.1.4 st4LineCurrentHighWarning 1.1.1=120; 1.2.1=6000
4.4.1.5 st4LineCurrentHighAlarm 1.1.1=151; 1.2.1=6000
5.1.1 st4PhaseVoltageHysteresis 0=15
5.1.2 st4PhasePowerFactorHysteresis 0=2
5.2.1.2 st4PhaseID 1.1.1="AA1"; 1.2.1="AB1"
5.2.1.4 st4PhaseLabel 1.1.1="AA:L1-R"; 1.2.1="AB:L1-R"
5.2.1.6 st4PhaseNominalVoltage 1.1.1=2300; 1.2.1=1200
5.2.1.20 st4PhaseBranchCount 1.1.1=2; 1.2.1=0
5.2.1.21 st4PhaseOutletCount 1.1.1=2; 1.2.1=1
5.3.1.1 st4PhaseState 1.1.1=1; 1.2.1=0
5.3.1.2 st4PhaseStatus 1.1.1=0; 1.2.1=7
5.3.1.3 st4PhaseVoltage 1.1.1=2301; 1.2.1=-1
5.3.1.4 st4PhaseVoltageStatus 1.1.1=0; 1.2.1=7
5.3.1.5 st4PhaseVoltageDeviation 1.1.1=1
5.3.1.6 st4PhaseCurrent 1.1.1=125; 1.2.1=-1
5.3.1.7 st4PhaseCurrentCrestFactor 1.1.1=14; 1.2.1=-1
5.3.1.8 st4PhaseActivePower 1.1.1=263; 1.2.1=-1
5.3.1.9 st4PhaseApparentPower 1.1.1=288; 1.2.1=-1
5.3.1.10 st4PhasePowerFactor 1.1.1=91; 1.2.1=-1
5.3.1.11 st4PhasePowerFactorStatus 1.1.1=15; 1.2.1=7
5.3.1.12 st4PhaseReactance 1.1.1=2; 1.2.1=0
5.3.1.13 st4PhaseEnergy 1.1.1=14; 1.2.1=14
5.4.1.2 st4PhaseVoltageLowAlarm 1.1.1=2070
5.4.1.3 st4PhaseVoltageLowWarning 1.1.1=2125
5.4.1.4 st4PhaseVoltageHighWarning 1.1.1=2500
5.4.1.5 st4PhaseVoltageHighAlarm 1.1.1=2530
5.4.1.6 st4PhasePowerFactorLowAlarm 1.1.1=30
5.4.1.7 st4PhasePowerFactorLowWarning 1.1.1=92
6.2.1.2 st4OcpID 1.1.1="AA1"; 1.1.2="AA2"
6.2.1.4 st4OcpLabel 1.1.1="AA:L1-R-BR1"; 1.1.2="AA:L1-R-BR2"
6.2.1.7 st4OcpCurrentCapacity 1.1.1=10; 1.1.2=6
6.2.1.20 st4OcpBranchCount 1.1.1=1; 1.1.2=1
6.2.1.21 st4OcpOutletCount 1.1.1=1; 1.1.2=0
6.3.1.1 st4OcpStatus 1.1.1=0
7.1.1 st4BranchCurrentHysteresis 0=3
7.2.1.2 st4BranchID 1.1.1="AA1"; 1.1.2="AA2"
7.2.1.4 st4BranchLabel 1.1.1="AA:L1-R-BR1"; 1.1.2="AA:L1-R-BR2"
7.2.1.6 st4BranchCurrentCapacity 1.1.1=10; 1.1.2=6
7.2.1.20 st4BranchPhaseID 1.1.1="AA1"; 1.1.2="AA1"
7.2.1.21 st4BranchOcpID 1.1.1="AA1"; 1.1.2="AA2"
7.2.1.30 st4BranchOutletCount 1.1.1=1; 1.1.2=0
7.3.1.1 st4BranchState 1.1.1=1
7.3.1.2 st4BranchStatus 1.1.1=0
7.3.1.3 st4BranchCurrent 1.1.1=125
7.3.1.4 st4BranchCurrentStatus 1.1.1=14
7.3.1.5 st4BranchCurrentUtilized 1.1.1=125
7.4.1.2 st4BranchCurrentLowAlarm 1.1.1=0
7.4.1.3 st4BranchCurrentLowWarning 1.1.1=0
7.4.1.4 st4BranchCurrentHighWarning 1.1.1=80
7.4.1.5 st4BranchCurrentHighAlarm 1.1.1=100
8.1.1 st4OutletCurrentHysteresis 0=2
8.1.2 st4OutletActivePowerHysteresis 0=25
8.1.10 st4OutletSequenceInterval 0=1
8.1.11 st4OutletRebootDelay 0=11
8.2.1.2 st4OutletID 1.1.1="AA1"; 1.1.2="AA2"; 1.2.3="AB3"
8.2.1.3 st4OutletName 1.1.1="Outlet 1"; 1.1.2="Outlet 2"; 1.2.3="Outlet 3"
8.2.1.5 st4OutletCapabilities 1.1.1=c0; 1.1.2=c0; 1.2.3=00
8.2.1.6 st4OutletSocketType 1.1.1="C13"; 1.1.2="C13"; 1.2.3="C13"
8.2.1.7 st4OutletCurrentCapacity 1.1.1=10; 1.1.2=10; 1.2.3=10
8.2.1.8 st4OutletPowerCapacity 1.1.1=2300; 1.1.2=2300; 1.2.3=1200
8.2.1.20 st4OutletWakeupState 1.1.1=2; 1.1.2=2; 1.2.3=2
8.2.1.30 st4OutletPhaseID 1.1.1="AA1"; 1.1.2="AA1"; 1.2.3="AB1"
8.2.1.31 st4OutletOcpID 1.1.1="AA1"
8.2.1.32 st4OutletBranchID 1.1.1="AA1"
8.3.1.1 st4OutletState 1.1.1=1; 1.1.2=1; 1.2.3=1
8.3.1.2 st4OutletStatus 1.1.1=0; 1.1.2=0; 1.2.3=0
8.3.1.3 st4OutletCurrent 1.1.1=125; 1.1.2=125
8.3.1.4 st4OutletCurrentStatus 1.1.1=17; 1.1.2=0
8.3.1.5 st4OutletCurrentUtilized 1.1.1=125; 1.1.2=125
8.3.1.6 st4OutletVoltage 1.1.1=2301; 1.1.2=2301
8.3.1.7 st4OutletActivePower 1.1.1=263; 1.1.2=263
8.3.1.8 st4OutletActivePowerStatus 1.1.1=0; 1.1.2=0
8.3.1.9 st4OutletApparentPower 1.1.1=288; 1.1.2=288
8.3.1.10 st4OutletPowerFactor 1.1.1=91; 1.1.2=91
8.3.1.11 st4OutletPowerFactorStatus 1.1.1=0; 1.1.2=0
8.3.1.12 st4OutletCurrentCrestFactor 1.1.1=14; 1.1.2=14
8.3.1.13 st4OutletReactance 1.1.1=2; 1.1.2=2
8.3.1.14 st4OutletEnergy 1.1.1=1499; 1.1.2=1499
8.4.1.2 st4OutletCurrentLowAlarm 1.1.1=0
8.4.1.3 st4OutletCurrentLowWarning 1.1.1=0
8.4.1.4 st4OutletCurrentHighWarning 1.1.1=60
8.4.1.5 st4OutletCurrentHighAlarm 1.1.1=80
8.4.1.6 st4OutletActivePowerLowAlarm 1.1.1=5
8.4.1.7 st4OutletActivePowerLowWarning 1.1.1=10
8.4.1.8 st4OutletActivePowerHighWarning 1.1.1=1000
8.4.1.9 st4OutletActivePowerHighAlarm 1.1.1=2000
8.5.1.1 st4OutletControlState 1.1.1=5; 1.1.2=5; 1.2.3=1
8.5.1.2 st4OutletControlAction 1.1.1=0; 1.1.2=0; 1.2.3=0
9.1.1 st4TempSensorHysteresis 0=2
9.1.10 st4TempSensorScale 0=0
9.2.1.2 st4TempSensorID 1.1="A1"; 1.2="A2"
9.2.1.3 st4TempSensorName 1.1="hall"; 1.2="probe 5"
9.3.1.1 st4TempSensorValue 1.1=-43; 1.2=-410
9.3.1.2 st4TempSensorStatus 1.1=15; 1.2=7
9.4.1.2 st4TempSensorLowAlarm 1.1=-5
9.4.1.3 st4TempSensorLowWarning 1.1=-40
9.4.1.4 st4TempSensorHighWarning 1.1=35
9.4.1.5 st4TempSensorHighAlarm 1.1=40
10.1.1 st4HumidSensorHysteresis 0=5
10.2.1.2 st4HumidSensorID 1.1="A1"
10.2.1.3 st4HumidSensorName 1.1="probe 2"
10.3.1.1 st4HumidSensorValue 1.1=46
10.3.1.2 st4HumidSensorStatus 1.1=0
10.4.1.2 st4HumidSensorLowAlarm 1.1=20
10.4.1.3 st4HumidSensorLowWarning 1.1=30
10.4.1.4 st4HumidSensorHighWarning 1.1=70
10.4.1.5 st4HumidSensorHighAlarm 1.1=100
11.2.1.2 st4WaterSensorID 1.1="A1"
11.2.1.3 st4WaterSensorName 1.1="probe 3"
11.3.1.1 st4WaterSensorStatus 1.1=18
12.2.1.2 st4CcSensorID 1.1="A1"; 1.2="A2"
12.2.1.3 st4CcSensorName 1.1="probe 4"; 1.2="probe 8"
12.3.1.1 st4CcSensorStatus 1.1=0; 1.2=18
99.1 st4EventStatusText 0=""
99.2 st4EventStatusCondition 0=0
"""


def test_every_column_of_every_row_has_its_known_answer() -> None:
    expected = {}
    for line in ANSWERS.split("\n"):
        column, _, rest = line.partition(" ")
        _, _, values = rest.partition(" ")
        for each in filter(None, values.split("; ")):
            index, _, value = each.partition("=")
            expected[f"{column}.{index}"] = value
    tree = SentryBench().tree()
    assert {suffix: plainly(content) for suffix, content in tree.items()} == expected


def test_the_known_answers_leave_no_column_out() -> None:
    declared = {
        declared.name
        for group in sentry4_module().groups
        for declared in group.objects
        if declared.get is not None
    }
    assert {line.split()[1] for line in ANSWERS.strip().split("\n")} == declared
