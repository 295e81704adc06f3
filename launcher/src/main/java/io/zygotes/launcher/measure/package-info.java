/**
 * Everything that measures, compares and draws: {@code bench}, {@code check-packages}, {@code demo} and {@code tree},
 * each with its commands in a package of its own below this one. Here is only the list of these commands, which
 * {@link io.zygotes.launcher.Main} adds to the command line.
 *
 * <p>May use all other packages of the launcher. None of them may use this part: a worker runs without it.
 */
package io.zygotes.launcher.measure;
