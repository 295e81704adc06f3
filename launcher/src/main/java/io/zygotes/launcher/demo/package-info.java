/** The demo: the same lambdas under each strategy, measured over HTTP on a worker of its own. */
package io.zygotes.launcher.demo;
