// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The daemon's figures for a monitoring system, as Prometheus and OpenMetrics name them.
namespace api::metrics {

enum class Kind {
    /// Only goes up while the process lives.
    counter,
    gauge,
    /// Always 1; what it tells stands in its labels.
    info,
};
std::string_view to_string(Kind kind);

/// A metric under one name, with one sample for each set of label values.
struct Family {
    /// "sluice_interface_rx_bytes": lower-case letters, digits and _, the unit at its end. Without
    /// the suffixes _total and _info, which the text form adds.
    std::string name;
    Kind kind = Kind::gauge;
    /// "bytes", "seconds", "packets"; empty for a plain number.
    std::string unit;
    /// One sentence for whoever builds a dashboard.
    std::string help;
    std::vector<std::string> labels = {};
};

/// Whole numbers are written to their last digit.
using Value = std::variant<uint64_t, double>;

struct Sample {
    /// `interface="lan"`, escaped; empty where the family has no labels.
    std::string labels;
    Value value;
};

/// What a collector fills with the samples of its family.
class Samples {
public:
    explicit Samples(const Family& family) : family_(family) {}
    /// One value for each label of the family, in their order; any bytes.
    void add(std::initializer_list<std::string_view> label_values, Value value);
    /// For a family without labels.
    void add(Value value) { add({}, value); }
    std::vector<Sample> take() { return std::move(samples_); }

private:
    const Family& family_;
    std::vector<Sample> samples_;
};

/// A family with its samples, as they were collected.
struct Collected {
    std::shared_ptr<const Family> family;
    std::vector<Sample> samples;
};
/// In order of their names.
using Page = std::vector<Collected>;

}  // namespace api::metrics
