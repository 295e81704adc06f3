/**
 * The host's Python: what it is, which pip it has, and the scripts that the worker runs with it. Uses of the SPI what a
 * job is, and no other package of the core.
 */
package io.zygotes.core.python;
