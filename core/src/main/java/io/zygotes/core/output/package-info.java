/** What lambdas print. */
package io.zygotes.core.output;
