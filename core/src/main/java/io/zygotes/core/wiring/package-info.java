/**
 * One Guice module for each concern of the worker. They read the settings and make things; nothing is started here. May
 * use every package of the core but {@code io.zygotes.core} itself, whose {@code CoreModule} installs them; beside that
 * package this is the only one that knows Guice.
 */
package io.zygotes.core.wiring;
