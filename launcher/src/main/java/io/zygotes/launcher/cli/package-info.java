/**
 * The command line: one class for each command that has to do with a worker, its plugins or its image, and the options
 * that they share. A command reads its options, calls one of the other packages, and prints the answer. May use all of
 * the launcher but what measures; those commands are handed to {@link io.zygotes.launcher.cli.Zygotes#run}.
 */
package io.zygotes.launcher.cli;
