#!/bin/sh
# Put in place as /usr/sbin/policy-rc.d by install.mjs while it installs: no service of a new package is started.
exit 101
