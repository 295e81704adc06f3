/** Puts a worker together from its directory, its settings and the plugins that they name. */
package io.zygotes.launcher.worker;
