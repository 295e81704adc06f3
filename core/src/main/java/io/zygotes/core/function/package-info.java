/**
 * Lambdas at work: {@link io.zygotes.core.function.Functions} has them all, {@code LambdaFunction} is one of them and
 * runs its calls. {@code FunctionVersions} knows which code serves, {@code VersionLeaves} which leaves there are, and
 * {@code RequestLine} who waits for one. {@code FunctionZygote} is a version's own zygote, which
 * {@link io.zygotes.core.function.EagerZygotes} has made before the first call.
 * {@link io.zygotes.core.function.LeafSource} is where new leaves come from.
 *
 * <p>May use {@code pool}, {@code packages}, {@code registry}, {@code python}, {@code statistics} and the SPI; knows
 * nothing of HTTP.
 */
package io.zygotes.core.function;
