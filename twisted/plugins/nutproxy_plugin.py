"""Makes C{nutproxy} a command of twistd."""

from twisted.application.service import ServiceMaker

nutproxy = ServiceMaker(
    "nutproxy",
    "nuttwist.tap",
    "A memcached and redis proxy that takes twemproxy's YAML",
    "nutproxy",
)
