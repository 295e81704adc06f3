/** The worker directory and its {@code config.json}. Unless said otherwise nothing is ever null. */
package io.zygotes.core.config;
