"""Settings, and pools, that do or do not go together."""

from __future__ import annotations

import pytest

from nuttwist.config import Listen, PoolConfig, ServerConfig, SettingError
from nuttwist.config.file import parseConfig
from nuttwist.config.pools import checkPools
from nuttwist.service import ProxyService
from tests.unit.config.yamltext import messageAbout, mistakesIn, poolText, read

BACKUP = "on_failure:\n    backup: q"
SPARE = {"name": "q", "listen": "/q"}


def pool(name="p", **settings):
    """A pool built in Python, of one server."""
    servers = [ServerConfig(host="127.0.0.1", port=31001)]
    return PoolConfig(
        **{"name": name, "listen": Listen(path=f"/{name}"), "servers": servers, **settings}
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (poolText("on_failure: rehash"), "3:15: pool 'p': on_failure: saw 'rehash', allowed: reh"),
        (poolText("on_failure: backup"), "3:15: pool 'p': on_failure: saw 'backup', allowed: one"),
        (
            poolText("on_failure:\n   - q"),
            "4:4: pool 'p': on_failure: saw a list, allowed: one of",
        ),
        (
            poolText("on_failure:\n    spare: q"),
            "4:5: pool 'p': on_failure: saw a mapping, allowe",
        ),
        (poolText(BACKUP + "\n    backup: r"), "4:5: pool 'p': on_failure: saw a mapping, allowe"),
        (poolText("on_failure:\n    backup: ''"), "backup: saw '', allowed: the name of another p"),
        (
            poolText("on_failure:\n    backup:\n     - q"),
            "5:6: pool 'p': backup: saw a list, allo",
        ),
        (poolText("backup: q"), "3:3: pool 'p': backup: unknown key"),
        (
            poolText("server_retry_timeout_max: 29999"),
            "3:29: pool 'p': server_retry_timeout_max:",
        ),
        (
            poolText("server_retry_timeout: 300001", "server_retry_timeout_max: 300000"),
            "4:29: pool 'p': server_retry_timeout_max: saw '300000', allowed: no less than server_",
        ),
        (
            poolText("tls_ca: /ca.pem"),
            "3:11: pool 'p': tls_ca: saw '/ca.pem', allowed: only with ",
        ),
        (poolText("tls_name: h"), "pool 'p': tls_name: saw 'h', allowed: only with tls: true"),
        (poolText("tls: true", "tls_key: /k"), "4:12: pool 'p': tls_key: saw '/k', allowed: only "),
        (poolText("tls: true", "tls_certificate: /c"), "allowed: only together with tls_key"),
        (
            poolText("tls: true", servers=["h:1:1", "/s:1"]),
            "3:8: pool 'p': tls: saw 'true', allowed: true only with servers on host and port",
        ),
        (poolText(BACKUP), "4:13: pool 'p': backup: saw 'q', allowed: the name of a pool"),
        (poolText(BACKUP, name="q"), "4:13: pool 'q': backup: saw 'q', allowed: another pool"),
        (
            poolText(BACKUP) + poolText("redis: true", **SPARE),
            "4:13: pool 'p': backup: saw 'q', allowed: a pool of the same protocol, redis: true in",
        ),
    ],
)
def test_messageTellsWhatDoesNotGoTogether(text, message):
    """The mistake is where the setting is that is to change, and is the only one."""
    assert message in messageAbout(text)


@pytest.mark.parametrize(
    "text",
    [
        poolText("server_retry_timeout: 300001"),
        poolText("on_failure: rehash", "auto_eject_hosts: true"),
        poolText("on_failure: fail"),
        poolText(BACKUP) + poolText(**SPARE),
        poolText(BACKUP) + poolText(BACKUP, name="r", listen="/r") + poolText(**SPARE),
    ],
)
def test_whatGoesTogetherIsTaken(text):
    """What nobody wrote is in nobody's way, and one pool may stand behind several."""
    assert not mistakesIn(text)


def test_backupIsReadFromTheLineBelow():
    """The word and the name of the pool are two settings of the pool."""
    pools = parseConfig((poolText(BACKUP) + poolText(**SPARE)).encode(), "conf.yml")
    assert [(each.on_failure, each.backup) for each in pools] == [("backup", "q"), (None, None)]


def test_backupHasNoBackup():
    """Of a chain of pools, the one whose backup has a backup is wrong."""
    chain = poolText(BACKUP) + poolText("on_failure:\n    backup: r", **SPARE)
    found = mistakesIn(chain + poolText(name="r", listen="/r"))
    allowed = ["a pool without a backup of its own, 'q' has 'r'"]
    assert [mistake.allowed for mistake in found] == allowed


@pytest.mark.parametrize("line", ["redis: True", "auto_eject_hosts: 1", "tls: 1"])
def test_whatCouldNotBeReadIsInNoConflict(line):
    """A setting that may have been meant well is not said to contradict another."""
    key = line.partition(":")[0]
    others = {
        "redis": [BACKUP],
        "auto_eject_hosts": ["on_failure: rehash"],
        "tls": ["tls_name: h"],
    }
    text = poolText(line, *others[key]) + poolText("redis: true", **SPARE)
    assert [mistake.key for mistake in mistakesIn(text)] == [key]


def test_missingEndDoesNotMakeABackupWrong():
    """A pool may be in the part of the file that was not understood."""
    found = mistakesIn(poolText(BACKUP) + "q: [")
    assert "backup" not in {mistake.key for mistake in found}


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"on_failure": "rehash"}, "on_failure"),
        ({"on_failure": "backup"}, "on_failure"),
        ({"backup": "q"}, "backup"),
        ({"on_failure": "fail", "backup": "q"}, "backup"),
        ({"server_retry_timeout_max": 1}, "server_retry_timeout_max"),
        ({"tls_ca": "/ca.pem"}, "tls_ca"),
        ({"tls": True, "tls_key": "/k"}, "tls_key"),
        ({"tls": True, "servers": [ServerConfig(path="/s")]}, "tls"),
    ],
)
def test_poolOfAProgramIsCheckedLikewise(settings, key):
    """The constructor refuses what a file may not have either."""
    with pytest.raises(SettingError) as caught:
        pool(**settings)
    assert caught.value.key == key


def test_tlsWithoutServersIsOneMistake():
    """What is missing is in no conflict with what is there."""
    text = "p:\n  listen: 127.0.0.1:31990\n  tls: true\n"
    assert [each.key for each in mistakesIn(text)] == ["servers"]


def test_poolOfAProgramIsBuiltWithWhatGoesTogether():
    """A long time to the first retry needs no second setting."""
    assert pool(server_retry_timeout=400_000).server_retry_timeout_max == 300_000
    assert pool(tls=True, tls_certificate="/c", tls_key="/k", tls_ca="/ca", tls_name="h").tls
    assert read(poolText("on_failure: fail")).on_failure == "fail"


@pytest.mark.parametrize("check", [checkPools, lambda pools: ProxyService(pools, None)])
def test_poolsOfAProgramAreCheckedTogether(check):
    """A service is not built around a backup that is not there."""
    with pytest.raises(SettingError, match="pool 'p': backup: saw 'q', allowed: the name of a poo"):
        check([pool(on_failure="backup", backup="q")])


@pytest.mark.parametrize(
    ("pools", "message"),
    [
        ([pool(), "q"], "pools: saw 'q', allowed: a PoolConfig for each pool"),
        ([pool(), pool(redis=True)], "pool 'p': name: saw 'p', allowed: each name once"),
        (
            [pool(), pool("q", listen=Listen(path="/p", mode=0o600))],
            "pool 'q': listen: saw '/p', allowed: each address once, pool 'p' has this one",
        ),
    ],
)
def test_poolsOfAProgramAreToldApart(pools, message):
    """Each is a pool, with a name and an address that no other one has."""
    with pytest.raises(SettingError) as caught:
        checkPools(pools)
    assert str(caught.value) == message


def test_poolsMayAllLeaveThePortToTheSystem():
    """Port 0 is not one address."""
    for listen in (Listen(host="127.0.0.1"), Listen(endpoint="tcp:0:interface=127.0.0.1")):
        checkPools([pool(name, listen=listen) for name in "pq"])


def test_backupOfAProgramIsFound():
    """The order of the pools does not matter."""
    checkPools([pool(on_failure="backup", backup="q"), pool("q")])
    checkPools([pool("q"), pool(on_failure="backup", backup="q")])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tls": True, "tls_ca": "/no/ca.pem"}, "pool 'p': tls_ca: saw '/no/ca.pem', allowed: a "),
        (
            {"listen": Listen(endpoint="ssl:1:privateKey=/no/key.pem")},
            "pool 'p': listen: saw 'ssl:1:privateKey=/no/key.pem', allowed: privateKey: '/no/key.p",
        ),
    ],
)
def test_certificatesOfAProgramAreReadAtOnce(settings, message):
    """Pools that cannot encrypt what they are to are refused before anything changes."""
    with pytest.raises(SettingError) as caught:
        ProxyService([pool(**settings)], None)
    assert str(caught.value).startswith(message)
