// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "api/metrics/family.hpp"

namespace api::metrics {

/// How a page is written.
enum class Format {
    /// OpenMetrics 1.0.0.
    openmetrics,
    /// The older text format of Prometheus, 0.0.4.
    prometheus,
};

/// The format that a client asks for with its Accept header: OpenMetrics where it is named or where
/// anything will do, the older one where only that is named (text/plain). Weights are not read.
Format format_for(std::string_view accept);
std::string_view content_type(Format format);

/// The whole page. Families without samples are left out.
std::string render(const Page& page, Format format);

/// With backslash, quote and line feed escaped. Bytes that are not UTF-8 become U+FFFD.
std::string escaped(std::string_view text);

}  // namespace api::metrics
