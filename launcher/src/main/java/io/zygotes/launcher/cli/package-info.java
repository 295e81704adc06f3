/** The command line: one class for each command, and what they share. */
package io.zygotes.launcher.cli;
