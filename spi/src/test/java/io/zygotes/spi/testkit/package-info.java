/**
 * The test kit for import caches: a fake worker and a contract suite (JUnit 5) that runs against it.
 *
 * <p>Subclass {@link io.zygotes.spi.testkit.ImportCacheContract}, return your provider, and inherit the tests. The
 * fake pool checks the rules that the real one checks, models time and memory, and can be told to fail.
 */
package io.zygotes.spi.testkit;
