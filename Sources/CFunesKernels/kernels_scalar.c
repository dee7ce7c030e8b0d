#include "funes_kernels.h"
