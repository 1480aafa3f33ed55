// QuantLib's C++ blackFormula on our inputs: checked first, then timed.
//   quantlib_black check|time DIR S
#include <ql/pricingengines/blackformula.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

static std::vector<double> read(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    std::vector<double> numbers(static_cast<size_t>(file.tellg()) / sizeof(double));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(numbers.data()), numbers.size() * sizeof(double));
    return numbers;
}

static double thread_seconds() {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

int main(int, char** argv) {
    const std::string directory = argv[2], count = argv[3];
    const auto options = read(directory + "/options.f64");
    const auto scenarios = read(directory + "/scenarios-" + count + ".f64");
    const auto ours = read(directory + "/array-" + count + ".f64");
    const size_t n = options.size() / 6, s = scenarios.size() / 2;
    std::vector<double> out(n * s);
    const auto run = [&] {
        for (size_t i = 0; i < n; ++i) {
            const double* o = &options[6 * i];
            const auto type = o[0] > 0 ? QuantLib::Option::Call : QuantLib::Option::Put;
            const double total_vol = o[3] * std::sqrt(o[4]);
            const double value = QuantLib::blackFormula(type, o[2], o[1], total_vol);
            for (size_t j = 0; j < s; ++j) {
                const double* m = &scenarios[2 * j];
                out[i * s + j] = o[5] * (QuantLib::blackFormula(type, o[2], o[1] * m[0],
                                                                total_vol * m[1]) - value);
            }
        }
    };
    run();
    if (!std::strcmp(argv[1], "check")) {
        double worst = 0;
        for (size_t i = 0; i < out.size(); ++i) worst = std::max(worst, std::fabs(out[i] - ours[i]));
        std::printf("checked array        S=%-5zu QuantLib C++ blackFormula      worst difference %.1e"
                    " (tolerance 1e-09)\n", s, worst);
        return worst <= 1e-9 ? 0 : 1;
    }
    std::vector<double> times;
    for (int round = 0; round < 5; ++round) {
        const double start = thread_seconds();
        int runs = 0;
        do { run(); ++runs; } while (thread_seconds() - start < 0.04);
        times.push_back((thread_seconds() - start) / runs / out.size());
    }
    std::sort(times.begin(), times.end());
    std::printf("{\"name\": \"QuantLib C++ blackFormula array\", \"S\": %zu, \"seconds\": %.6e}\n", s,
                times[2]);
}
