/** An import cache that keeps a zygote for each recently used set of packages. */
module com.example.zygotes.recent {
    requires io.zygotes.spi;

    provides io.zygotes.spi.ImportCacheProvider with
            com.example.zygotes.recent.RecentProvider;
}
