/** The host's Python: what it is, which pip it has, and the scripts that the worker runs with it. */
package io.zygotes.core.python;
