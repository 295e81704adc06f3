/**
 * {@code zygotes check-packages}: runs packages in plain Python and under each strategy, and tells what differs. Begin
 * reading at {@link io.zygotes.launcher.measure.check.PackageCheck}.
 *
 * <p>May use the core's worker, the packages {@code worker}, {@code plugins}, {@code console}, {@code image} and
 * {@code tree} of the launcher, and of {@code measure} {@code session} and {@code tree}.
 */
package io.zygotes.launcher.measure.check;
