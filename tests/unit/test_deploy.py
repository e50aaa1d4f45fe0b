"""What docs/deploy has of options, keys, signals and metrics is what the program has."""

from __future__ import annotations

import configparser
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from nuttwist.commands.main import COMMANDS
from nuttwist.commands.run import RunOptions
from nuttwist.config.file import loadConfig
from nuttwist.http.local import LocalSource
from nuttwist.http.metrics import Collector, exposition
from nuttwist.sampling import Sampling
from nuttwist.service import ProxyService

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
KUBERNETES = {
    each["kind"]: each
    for path in sorted(DEPLOY.glob("kubernetes/*.yml"))
    for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))
}
POD = KUBERNETES["Deployment"]["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]
DASHBOARD = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]


def unit(name: str) -> configparser.ConfigParser:
    """A file of systemd's; no key in these stands twice."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read_string((DEPLOY / name).read_text(encoding="utf-8"))
    return parser


SERVICE = unit("nutproxy.service")["Service"]


def optionsOf(words: list[str]) -> RunOptions:
    """The words of nutproxy run, as it reads them; it refuses what it does not know."""
    options = RunOptions()
    options.parseOptions(words)
    return options


def runOptions(command: str) -> RunOptions:
    """The options of a line with nutproxy run in it."""
    program, name, *words = shlex.split(command)
    assert (Path(program).name, name) == ("nutproxy", "run")
    return optionsOf(words)


def longestDrain(pools) -> float:
    """Seconds that a stop may take over what is in flight."""
    return max(each.drain_timeout for each in pools) / 1000


def configMap(folder: Path):
    """The pools of the ConfigMap."""
    (folder / "nutproxy.yml").write_text(KUBERNETES["ConfigMap"]["data"]["nutproxy.yml"])
    return loadConfig(str(folder / "nutproxy.yml"))


@pytest.fixture(scope="module")
def metrics() -> dict[str, set[str]]:
    """The labels of each sample that /metrics can have, by its name."""
    from tests.rig.network import FakeNetwork  # noqa: PLC0415  only this needs it

    pools = loadConfig(str(DEPLOY / "nutproxy.yml"))
    proxy = ProxyService(pools, FakeNetwork(), sampling=Sampling())
    looks = []
    LocalSource(proxy).look(deep=True).addCallback(looks.append)
    look = looks[0]
    page = exposition(Collector(look, 0.0, 0, "1", "pure Python")).decode()
    families = list(text_string_to_metric_families(page))
    found = {sample.name: set(sample.labels) for family in families for sample in family.samples}
    # These have no samples before there is something to count.
    described = {family.name: family.type for family in families}
    for name, kind in described.items():
        for ending in {"counter": ["_total"], "histogram": ["_bucket"]}.get(kind, [""]):
            found.setdefault(name + ending, set())
    return found


def metricsIn(expression: str) -> set[str]:
    """The metrics that an expression of PromQL has."""
    return set(re.findall(r"\bnuttwist_\w+", expression))


def test_dashboardShowsWhatThereIs(metrics) -> None:
    """Every metric of the dashboard, in panels and variables, is one of /metrics."""
    variables = [each["query"] for each in DASHBOARD["templating"]["list"]]
    shown = [each["expr"] for panel in DASHBOARD["panels"] for each in panel["targets"]]
    used = set().union(*map(metricsIn, [*variables, *shown]))
    assert len(used) > 15
    assert used - set(metrics) == set()


def test_dashboardIsWhole() -> None:
    """Panels have numbers of their own and do not lie on one another, and brackets match."""
    panels = DASHBOARD["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
    cells = [
        (x, y)
        for each in panels
        for x in range(each["gridPos"]["x"], each["gridPos"]["x"] + each["gridPos"]["w"])
        for y in range(each["gridPos"]["y"], each["gridPos"]["y"] + each["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    for panel in panels:
        for each in panel["targets"]:
            assert each["expr"].count("(") == each["expr"].count(")"), each["expr"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alertsAskForWhatThereIs(metrics, rule) -> None:
    """A rule's metrics are those of /metrics, and it says what has happened and where."""
    used = metricsIn(rule["expr"])
    assert used
    assert used <= set(metrics)
    assert rule["expr"].count("(") == rule["expr"].count(")")
    assert rule["labels"]["severity"] in {"critical", "warning"}
    told = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    known = set().union(*(metrics[name] for name in used)) | {"instance", "worker"}
    assert told <= known


def test_serviceRunsTheProgram() -> None:
    """Both commands are nutproxy's, with options that it has, and the same file."""
    path = runOptions(SERVICE["ExecStart"])["config"]
    program, command, checked = SERVICE["ExecStartPre"].split()
    assert (Path(program).name, checked) == ("nutproxy", path)
    assert command in COMMANDS
    assert SERVICE["ExecReload"].split()[1:] == ["-HUP", "$MAINPID"]


def test_serviceLetsPoolsDrain() -> None:
    """systemd waits longer than any pool takes to drain, and takes its exit status for success."""
    assert int(SERVICE["TimeoutStopSec"]) > longestDrain(loadConfig(str(DEPLOY / "nutproxy.yml")))
    assert SERVICE["SuccessExitStatus"] == "143"


def test_socketIsTheOneOfTheFile() -> None:
    """The pool takes the socket that systemd passes, by its name, at the port of the other file."""
    socket = unit("nutproxy.socket")["Socket"]
    (pool,) = loadConfig(str(DEPLOY / "nutproxy-socket.yml"))
    assert pool.listen.endpoint == f"systemd:INET:name={socket['FileDescriptorName']}"
    (other,) = loadConfig(str(DEPLOY / "nutproxy.yml"))
    assert socket["ListenStream"] == f"{other.listen.host}:{other.listen.port}"


def test_logrotateSendsTheSignalThatReopens() -> None:
    """The log is reopened by SIGUSR1, sent to the service of that name."""
    text = (DEPLOY / "nutproxy.logrotate").read_text(encoding="utf-8")
    script = text.partition("postrotate\n")[2].partition("endscript")[0].split()
    assert "--signal=USR1" in script
    assert "--kill-who=main" in script
    assert (DEPLOY / script[-1]).exists()
    output = re.search(r"nutproxy run --output=(\S+)", text)
    assert output is not None
    assert Path(output[1]).match(re.search(r"^(/\S+) \{", text, re.MULTILINE)[1])


def test_imageRunsTheProgram() -> None:
    """The words of the image are nutproxy's, and its ports are those of the options."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    entry = json.loads(re.search(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)[1])
    words = json.loads(re.search(r"^CMD (.*)$", text, re.MULTILINE)[1])
    options = runOptions(shlex.join([*entry, *words]))
    exposed = re.search(r"^EXPOSE (.*)$", text, re.MULTILINE)[1].split()
    assert str(options["stats-port"]) in exposed
    assert options["http-settings"].endpoint.split(":")[1] in exposed


def test_configMapIsAConfiguration(tmp_path) -> None:
    """The file in the ConfigMap is read without a mistake, and it is where the pod looks for it."""
    (pool,) = configMap(tmp_path)
    path = optionsOf(CONTAINER["args"])["config"]
    (mount,) = [each for each in CONTAINER["volumeMounts"] if each["name"] == "config"]
    assert path == f"{mount['mountPath']}/nutproxy.yml"
    ports = {each["name"]: each["containerPort"] for each in CONTAINER["ports"]}
    assert ports["cache"] == pool.listen.port


def test_probesAskTheHttpSide() -> None:
    """Each probe has a path that is served, on the port of --http, and that is reached."""
    options = optionsOf(CONTAINER["args"])
    ports = {each["name"]: each["containerPort"] for each in CONTAINER["ports"]}
    kind, port, interface = options["http-settings"].endpoint.split(":")
    assert (kind, int(port), interface) == ("tcp", ports["http"], "interface=0.0.0.0")
    assert ports["stats"] == options["stats-port"]
    probes = {name: CONTAINER[f"{name}Probe"]["httpGet"] for name in ("liveness", "readiness")}
    assert [each["port"] for each in probes.values()] == ["http", "http"]
    assert {name: each["path"] for name, each in probes.items()} == {
        "liveness": "/healthz",
        "readiness": "/readyz",
    }


def test_podHasTheTimeToDrain(tmp_path) -> None:
    """The pod's grace is more than the wait before SIGTERM and the drain after it."""
    program, seconds = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    drain = longestDrain(configMap(tmp_path))
    assert POD["spec"]["terminationGracePeriodSeconds"] > int(seconds) + drain


def test_manifestsBelongTogether() -> None:
    """Whatever selects the pods has their label, and ports are named as in the pod."""
    assert set(KUBERNETES) == {
        "ConfigMap",
        "Deployment",
        "PodDisruptionBudget",
        "Service",
        "ServiceMonitor",
    }
    labels = POD["metadata"]["labels"]
    selectors = [
        KUBERNETES["Deployment"]["spec"]["selector"]["matchLabels"],
        KUBERNETES["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        KUBERNETES["Service"]["spec"]["selector"],
    ]
    assert selectors == [labels] * 3
    monitored = KUBERNETES["ServiceMonitor"]["spec"]
    assert monitored["selector"]["matchLabels"] == KUBERNETES["Service"]["metadata"]["labels"]
    ports = {each["name"] for each in KUBERNETES["Service"]["spec"]["ports"]}
    assert ports <= {each["name"] for each in CONTAINER["ports"]}
    assert {each["port"] for each in monitored["endpoints"]} <= ports


def test_pageHasEveryFile() -> None:
    """docs/deploy/README.md links to all of them."""
    page = (DEPLOY / "README.md").read_text(encoding="utf-8")
    linked = {each.rstrip("/") for each in re.findall(r"\]\((\w[\w.-]*/?)\)", page)}
    assert linked == {each.name for each in DEPLOY.iterdir()} - {"README.md"}
