/**
 * The program: {@code Main} hands the command line to {@code cli}, with the commands of {@code measure} added. To a
 * running worker it is three steps: {@code Main}, {@code cli.UpCommand}, {@code worker.ForegroundWorker}. Nothing else
 * may use this package.
 */
package io.zygotes.launcher;
