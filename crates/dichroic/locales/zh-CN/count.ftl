# 被计数的事物：用在句子里，也用在参数个数的算式里。

count-filters = { $count } 个过滤器
count-kernels = { $count } 个卷积核
count-separate-kernels = { $count } 个独立的卷积核
count-weights = { $count } 个权重
count-biases = { $count } 个偏置
count-channels = { $count } 个通道
count-input-channels = { $count } 个输入通道
count-groups = { $count } 组
count-channels-of-group = 每组 { $count } 个通道
count-filters-of-channel = 每个通道 { $count } 个过滤器
count-products = { $count } 个乘积
count-results = { $count } 个结果
count-directions = { $count } 个方向
count-multiply-adds = { $count } 次乘加
count-parameters = { $count } 个参数
count-units = { $count } 个单元
count-inputs = { $count } 个输入
count-gammas = { $count } 个 gamma
count-betas = { $count } 个 beta
count-alphas = { $count } 个 alpha
count-values = { $count } 个数值
count-moving-means = { $count } 个滑动均值
count-means = { $count } 个均值
count-variances = { $count } 个方差
count-counts = { $count } 个计数
count-moving-variances = { $count } 个滑动方差
