/**
 * Python packages: each version installed once, in a sandbox, and shared by all lambdas that pin it.
 * {@code PackageStore} is the face; behind it stand what is installed, the queue of installs, one install, the cache of
 * wheels, and what imports cost. Uses {@code files}, {@code python} and {@code threads}.
 */
package io.zygotes.core.packages;
