"""
The proxy as an application of its own, to be changed to taste::

    twistd -ny docs/examples/proxy.tac

It serves the pools of conf/nutcracker.yml, below the directory that it is started in. The command
`twistd nutproxy` does the same with options in place of this file.
"""

from twisted.application.service import Application
from twisted.internet import reactor

from nuttwist.service import ProxyService

application = Application("nutproxy")

# A mistake in the file ends the start here, with every mistake and its place. The proxy is an
# ordinary service: others may stand beside it under the same application.
proxy = ProxyService.fromFile("conf/nutcracker.yml", reactor)
proxy.setServiceParent(application)
