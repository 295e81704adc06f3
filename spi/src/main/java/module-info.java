/**
 * The contract between the worker, its import caches and its sandbox mechanism.
 *
 * <p>{@link io.zygotes.spi} is for authors of import caches; {@link io.zygotes.spi.mechanism} is for authors of
 * sandbox mechanisms. Both are plain Java: no library, nothing but {@code java.base}.
 */
module io.zygotes.spi {
    exports io.zygotes.spi;
    exports io.zygotes.spi.mechanism;
}
