/** Python packages: each version installed once, in a sandbox, and shared by all lambdas that pin it. */
package io.zygotes.core.packages;
