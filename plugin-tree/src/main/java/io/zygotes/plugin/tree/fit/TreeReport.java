package io.zygotes.plugin.tree.fit;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.TreeText;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.ImportCost;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Shows a tree with what its nodes cost and serve on a trace: {@code tree show}. */
public final class TreeReport {

    private static final int ROW = 26;
    private static final int INDENT = 28;
    private static final int LETTERS = 70;
    /** The width of a letter of the font below, in pixels, about. */
    private static final double LETTER = 7.3;

    private TreeReport() {}

    /** The tree in text; each node with the time and memory that its own packages cost, and the calls that it serves. */
    public static String text(ZygoteTree tree, Trace trace) {
        List<ImportCost> costs = TreeEvaluator.costs(tree, trace);
        Evaluation evaluation = TreeEvaluator.evaluate(tree, trace);
        return TreeText.of(tree, index -> note(costs.get(index), evaluation.hits().get(index)));
    }

    private static String note(ImportCost cost, long hits) {
        return String.format(Locale.ROOT, "%7.1f ms %6.1f MB %d calls", cost.millis(), cost.megabytes(), hits);
    }

    /**
     * The tree as a picture: an SVG document. With a trace, a node is the darker the more calls it serves, and its text
     * has the costs; the full list of packages is the node's tooltip.
     */
    public static String svg(ZygoteTree tree, Optional<Trace> trace) {
        List<ImportCost> costs = trace.map(t -> TreeEvaluator.costs(tree, t)).orElse(List.of());
        List<Long> hits = trace.map(t -> TreeEvaluator.evaluate(tree, t).hits()).orElse(List.of());
        long mostHits = hits.stream().mapToLong(Long::longValue).max().orElse(0);
        int depth = tree.places().stream().mapToInt(ZygoteTree.Place::depth).max().orElse(0);
        int width = 20 + INDENT * depth + (int) (LETTER * (LETTERS + 40));
        StringBuilder svg = new StringBuilder(String.format(Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"monospace\""
                        + " font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
                width, 20 + ROW * tree.size()));
        for (ZygoteTree.Place place : tree.places()) {
            int x = 10 + INDENT * place.depth();
            int y = 10 + ROW * place.index();
            if (place.parent() >= 0) {
                svg.append(String.format(Locale.ROOT, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#999999\"/>\n",
                        x - INDENT + 10, 10 + ROW * place.parent() + 20, y + 10, x));
            }
            String all = place.index() == 0 ? "(root)"
                    : place.node().packages().stream().map(Requirement::toString).collect(Collectors.joining(", "));
            String label = all.length() <= LETTERS ? all : all.substring(0, LETTERS - 1) + "…";
            double share = mostHits == 0 ? 0 : (double) hits.get(place.index()) / mostHits;
            svg.append(String.format(Locale.ROOT,
                    "<g><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"20\" rx=\"4\" fill=\"#1f77b4\""
                            + " fill-opacity=\"%.2f\" stroke=\"#1f77b4\"/><text x=\"%d\" y=\"%d\">%s</text></g>\n",
                    escape(all), x, y, label.length() * LETTER + 12, 0.08 + 0.5 * Math.sqrt(share), x + 6, y + 14, escape(label)));
            if (!costs.isEmpty()) {
                svg.append(String.format(Locale.ROOT, "<text x=\"%.0f\" y=\"%d\" fill=\"#555555\">%s</text>\n",
                        x + label.length() * LETTER + 20, y + 14,
                        escape(note(costs.get(place.index()), hits.get(place.index())).strip())));
            }
        }
        return svg.append("</svg>").append('\n').toString();
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
